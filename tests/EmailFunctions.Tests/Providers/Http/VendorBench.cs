using EmailFunctions.Messages;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>A provider that speaks HTTP and a vendor's server for it, on a clock that only the test moves.</summary>
internal sealed class VendorBench : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private VendorBench(VendorServer server, HttpProviderOptions options, Func<VendorBench, IEmailProvider> provider, ProviderSettings settings, ProviderSecrets secrets)
    {
        Server = server;
        Options = options;
        Settings = settings with { ApiEndpoint = settings.ApiEndpoint ?? server.Address.ToString() };
        Secrets = secrets;
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Clock).AddOutbound(OutboundRules.Desk).AddSingleton<IHostResolver>(new FakeNames()).AddProviderClients(options);
        _services = services.BuildServiceProvider();
        Provider = provider(this);
    }

    /// <summary>How long a test waits for what must happen.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(20);

    public FakeTimeProvider Clock { get; } = new(Emails.AcceptedAt);

    public HttpProviderOptions Options { get; }

    public VendorServer Server { get; }

    public IEmailProvider Provider { get; }

    public ProviderSettings Settings { get; }

    public ProviderSecrets Secrets { get; }

    public VendorCaller Caller => _services.GetRequiredService<VendorCaller>();

    public ProviderAccount Account => Emails.Account(Settings, Secrets);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts both.</summary>
    public static async Task<VendorBench> StartAsync(
        Func<VendorBench, IEmailProvider> provider, ProviderSettings settings, ProviderSecrets secrets, VendorReply reply, HttpProviderOptions? options = null) =>
        new(await VendorServer.StartAsync(_ => reply), options ?? new HttpProviderOptions(), provider, settings, secrets);

    public Task<SendResult> SendAsync(EmailContent? content = null) => SendAsync(Account, content);

    public Task<SendResult> SendAsync(ProviderAccount account, EmailContent? content = null) =>
        Provider.SendAsync(Emails.Outgoing(content, account.Owner.Value), account, Token);

    public Task<ProbeResult> ProbeAsync() => Provider.ProbeAsync(Account, Token);

    /// <summary>The one request that the server has read.</summary>
    public VendorRequest Request() => Assert.Single(Server.Requests);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Server.DisposeAsync();
    }
}
