using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Browser.Tests;

/// <summary>A service that has something to show: tenants with and without trouble, a limit, budgets, and a dead letter.</summary>
public sealed class OperatedService : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink;

    // Until it is told otherwise, the server does not take what the broken tenant sends.
    private volatile bool _isMended;

    public OperatedService() => _sink = SmtpSink.Start(new SmtpSinkOptions
    {
        Fault = context => context.Stage == SmtpStage.MailFrom && context.Command.Contains("broken", StringComparison.Ordinal) && !_isMended ? SmtpFault.Reply("451 4.3.0 try again later") : null,
    });

    public ServiceProcess Service { get; private set; } = null!;

    /// <summary>A message that was given up.</summary>
    public string DeadId { get; private set; } = "";

    /// <summary>The address of the page.</summary>
    public string Page => $"http://127.0.0.1:{Service.Port}/dashboard/";

    /// <summary>Mail that came to its server.</summary>
    public IReadOnlyList<SmtpSinkMessage> Mail => _sink.Messages;

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceProcess.StartAsync(_folder.FullPath, new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = "1" });
        await Service.Client.UseSinkAsync("acme", _sink.Port, ",\"cost_per_email_usd\":0.0001,\"daily_quota\":100,\"monthly_budget_usd\":0.005");
        await Service.Client.UseSinkAsync("broken", _sink.Port);
        await Service.Client.ConfigureAsync("slow", """{"provider_type":"file","from_email":"a@slow.example","rate_limit_per_minute":2}""");
        DeadId = await SendAsync("broken");
        await Service.Client.WaitForStatusAsync(DeadId, "dead_lettered");
        for (var number = 0; number < 20; number++)
            await SendAsync("acme");
        for (var number = 0; number < 4; number++)
            await SendAsync("slow");
    }

    /// <summary>Sends a message of a tenant.</summary>
    public Task<string> SendAsync(string tenant) =>
        Service.Client.AcceptAsync($$"""{"tenant_id":"{{tenant}}","to":["someone@example.com"],"subject":"Hello","body":"Hello."}""");

    /// <summary>Lets the server take what it did not.</summary>
    public void Mend() => _isMended = true;

    public async ValueTask DisposeAsync()
    {
        Service?.Dispose();
        await _sink.DisposeAsync();
        _folder.Dispose();
    }
}
