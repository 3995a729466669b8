using EmailFunctions.Messages;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>The SMTP provider and a server for it, on a clock that only the test moves.</summary>
internal sealed class SmtpBench : IAsyncDisposable
{
    private readonly SmtpPools _pools;
    private readonly ServiceProvider _services;

    public SmtpBench(SmtpSinkOptions? server = null, SmtpOptions? options = null)
    {
        Options = options ?? new SmtpOptions();
        Sink = SmtpSink.Start(server);
        _services = new ServiceCollection().AddSingleton<TimeProvider>(Clock).AddOutbound(OutboundRules.Desk).AddProviderClients(new HttpProviderOptions()).BuildServiceProvider();
        _pools = new SmtpPools(Options, _services.GetRequiredService<OutboundGuard>(), _services.GetRequiredService<IHttpClientFactory>(), Clock);
        Provider = new SmtpProvider(_pools, Options, Clock);
    }

    /// <summary>How long a test waits for what must happen.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(20);

    public SmtpClock Clock { get; } = new(Emails.AcceptedAt);

    public SmtpOptions Options { get; }

    public SmtpSink Sink { get; }

    public SmtpProvider Provider { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ProviderSettings Settings => new()
    {
        Type = ProviderType.Smtp,
        SmtpHost = "127.0.0.1",
        SmtpPort = Sink.Port,
        FromEmail = Emails.Sender,
    };

    /// <summary>The pool of an account.</summary>
    public SmtpPool Pool(ProviderAccount? account = null) => _pools.For(account ?? Emails.Account(Settings));

    public Task<SendResult> SendAsync(EmailContent? content = null, ProviderSettings? settings = null) =>
        SendAsync(Emails.Account(settings ?? Settings), content);

    public Task<SendResult> SendAsync(ProviderAccount account, EmailContent? content = null) =>
        Provider.SendAsync(Emails.Outgoing(content), account, Token);

    public Task<ProbeResult> ProbeAsync(ProviderSettings? settings = null, ProviderSecrets? secrets = null) =>
        Provider.ProbeAsync(Emails.Account(settings ?? Settings, secrets), Token);

    /// <summary>Waits until the server has that many open connections.</summary>
    public async Task WaitForConnectionsAsync(int count)
    {
        for (var tries = 0; Sink.Counts.ConnectionsNow != count; tries++)
        {
            Assert.True(tries < 1000, $"{Sink.Counts.ConnectionsNow} connections, not {count}.");
            await Task.Delay(10, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _pools.Dispose();
        await _services.DisposeAsync();
        await Sink.DisposeAsync();
    }
}
