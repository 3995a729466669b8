using System.Diagnostics;
using System.Text.Json.Nodes;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Delivery.Engine;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// The service is killed at each named point of a message's life, by SIGKILL, while six messages are there: three of a tenant that
/// has them sent again, and three of one that has them held. The points are told by what can be seen from outside:
/// <list type="bullet">
/// <item>after accept: the 202 has come, and nothing was waited for;</item>
/// <item>after claim: the provider's server has heard MAIL, and has not answered it;</item>
/// <item>after reservation: the message reads as deferred by its limit;</item>
/// <item>before the provider's acceptance: its server has the whole content, and then breaks the connection without taking it;</item>
/// <item>after it: the server has taken the message, and does not answer;</item>
/// <item>before the outcome's write: the server answers, and the kill races with what the service makes of that;</item>
/// <item>after it: the message reads as sent over HTTP;</item>
/// <item>before acknowledge: the row in the file says sent, looked for as fast as can be, since the copy goes right after that.</item>
/// </list>
/// </summary>
public sealed class CrashPointTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Resending = "resending";
    private const string Holding = "holding";
    private const int PerTenant = 3;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink = SmtpSink.Start(new SmtpSinkOptions { CaptureHeaders = ["Message-ID"] });
    private ServiceProcess? _service;

    public static TheoryData<CrashPoint> Points => [.. Enum.GetValues<CrashPoint>()];

    private HttpClient Client => _service!.Client;

    public async ValueTask InitializeAsync() => _service = await ServiceProcess.StartAsync(_folder.FullPath);

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            output.WriteLine(_service?.Output ?? "");
        _service?.Dispose();
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_kill_loses_nothing_and_doubles_only_what_was_in_hand(CrashPoint point)
    {
        var watch = Stopwatch.StartNew();
        var kills = Proof.Count(5, minimum: 1);
        // One a minute: what follows the first is put in line.
        await LimitAsync(point == CrashPoint.AfterReservation ? 1 : 10_000);
        if (point == CrashPoint.AfterReservation)
            await SettleAsync(await AcceptAsync(perTenant: 1));
        var ids = new List<string>();
        for (var kill = 0; kill < kills; kill++)
        {
            var hit = await CrashAsync(point);
            ids.AddRange(hit);
            if (point != CrashPoint.AfterReservation)
                await SettleAsync(hit);
        }

        if (point == CrashPoint.AfterReservation)
            await LimitAsync(10_000);
        await SettleAsync(ids);

        var counts = await JudgeAsync(point, ids);
        output.WriteLine($"{point}: {kills} kills, {ids.Count} messages, 0 lost, {counts.Unknown} marked unknown, {counts.Twice} arrived twice, {counts.Held} held; {watch.Elapsed}");
    }

    // The limit of the one goes through its lane; the other has none, unless the point needs one.
    private async Task LimitAsync(int perMinute)
    {
        await ConfigureAsync(Resending, perMinute, "resend");
        await ConfigureAsync(Holding, perMinute == 1 ? 1 : 0, "hold");
    }

    private Task ConfigureAsync(string tenant, int perMinute, string onUnknown) => Client.ConfigureAsync(
        tenant,
        $$"""
        {"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":{{_sink.Port}},"smtp_use_tls":false,"from_email":"hello@{{tenant}}.example",
         "rate_limit_per_minute":{{perMinute}},"on_unknown":"{{onUnknown}}"}
        """);

    private async Task<List<string>> AcceptAsync(int perTenant)
    {
        var ids = new List<string>();
        for (var number = 0; number < perTenant; number++)
        {
            foreach (var tenant in new[] { Resending, Holding })
                ids.Add(await Client.AcceptAsync($$"""{"tenant_id":"{{tenant}}","to":["to@example.com"],"subject":"Hello","body":"Hello."}"""));
        }

        return ids;
    }

    // Has messages at the point, kills the process there, and starts another.
    private async Task<List<string>> CrashAsync(CrashPoint point)
    {
        var hold = new SmtpHold();
        _sink.Fault = FaultAt(point, hold);
        var ids = await AcceptAsync(PerTenant);
        await ReachAsync(point, ids, hold);
        await _service!.KillAsync();
        var queued = new DataFiles(_folder.FullPath).CountQueued();
        _sink.Fault = null;
        hold.Release();
        await _sink.WaitForNoConnectionsAsync(Deadline, TestContext.Current.CancellationToken);
        output.WriteLine($"Killed with {queued} copies on the queue");
        _service.Dispose();
        _service = await ServiceProcess.StartAsync(_folder.FullPath);
        return ids;
    }

    private static Func<SmtpFaultContext, SmtpFault?>? FaultAt(CrashPoint point, SmtpHold hold) => point switch
    {
        CrashPoint.AfterClaim => SmtpFaults.Always(SmtpStage.MailFrom, SmtpFault.Break().After(hold)),
        CrashPoint.BeforeAcceptance => SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Break().After(hold)),
        CrashPoint.AfterAcceptance or CrashPoint.BeforeOutcome => SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.HangAfterAccept(hold)),
        _ => null,
    };

    private async Task ReachAsync(CrashPoint point, List<string> ids, SmtpHold hold)
    {
        switch (point)
        {
            case CrashPoint.AfterAccept:
                break;
            case CrashPoint.AfterReservation:
                foreach (var id in ids)
                    await WaitAsync(id, static message => message["limit"]?.GetValue<string>() == "per_minute");
                break;
            case CrashPoint.AfterOutcome:
                foreach (var id in ids)
                    await WaitAsync(id, static message => message.Status() == "sent");
                break;
            case CrashPoint.BeforeAcknowledge:
                WaitForRows(ids.Count);
                break;
            default:
                await hold.WaitForArrivalsAsync(ids.Count, Deadline, TestContext.Current.CancellationToken);
                if (point == CrashPoint.BeforeOutcome)
                    hold.Release();
                break;
        }
    }

    // The messages of earlier kills are done; these are as soon as nothing is open.
    private void WaitForRows(int messages)
    {
        var data = new DataFiles(_folder.FullPath);
        var waiting = Stopwatch.StartNew();
        while (data.CountOpen() > 0)
            Assert.True(waiting.Elapsed < Deadline, $"Of {messages} messages some stay open.");
    }

    private async Task SettleAsync(List<string> ids)
    {
        foreach (var id in ids)
            await WaitAsync(id, static message => message.Status() == "sent" || IsHeld(message));
    }

    private async Task WaitAsync(string id, Func<JsonObject, bool> isThere)
    {
        var waiting = Stopwatch.StartNew();
        while (await Client.ReadMessageAsync(id) is var message && !isThere(message))
        {
            Assert.True(waiting.Elapsed < Deadline, $"The message stayed: {message}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private static bool IsHeld(JsonObject message) => message.Status() == "deferred" && message["reason"]?.GetValue<string>() == "outcome_unknown";

    private async Task<(int Unknown, int Twice, int Held)> JudgeAsync(CrashPoint point, List<string> ids)
    {
        var arrivals = _sink.Messages.CountBy(static mail => mail.Header("Message-ID")!.Trim('<', '>').Split('@')[0]).ToDictionary();
        var (unknown, twice, held) = (0, 0, 0);
        foreach (var id in ids)
        {
            var message = await Client.ReadMessageAsync(id);
            var mails = arrivals.GetValueOrDefault(id.Split('~')[1]);
            Judge(point, message, mails);
            unknown += message.CountInHistory("unknown");
            twice += mails > 1 ? 1 : 0;
            held += IsHeld(message) ? 1 : 0;
        }

        return (unknown, twice, held);
    }

    private static void Judge(CrashPoint point, JsonObject message, int mails)
    {
        var holds = message["tenant_id"]!.GetValue<string>() == Holding;
        var unknown = message.CountInHistory("unknown");
        Assert.True(IsHeld(message) == (holds && unknown > 0), $"{message}");
        Assert.True(mails >= (IsHeld(message) ? 0 : 1) && mails <= (holds ? 1 : 1 + unknown), $"It arrived {mails} times: {message}");
        // Two of the points are races, and either side of them is right.
        var (seen, sure) = point switch
        {
            CrashPoint.AfterAccept or CrashPoint.BeforeOutcome => (unknown, mails),
            CrashPoint.AfterClaim or CrashPoint.BeforeAcceptance => (1, holds ? 0 : 1),
            CrashPoint.AfterAcceptance => (1, holds ? 1 : 2),
            _ => (0, 1),
        };
        Assert.True((seen, sure) == (unknown, mails), $"It arrived {mails} times: {message}");
    }
}
