using System.Diagnostics;
using System.Text.Json.Nodes;
using EmailFunctions.Messages;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// "Accepted" means "will be sent", whatever happens to the process. Messages are counted where they arrive, by a header of the
/// test's own.
/// </summary>
public sealed class KillTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Kills = 3;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["EMAIL_RETRY_BASE_SECONDS"] = "1",
        ["EMAIL_RETRY_MAX_SECONDS"] = "2",
    };

    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink = SmtpSink.Start(new SmtpSinkOptions
    {
        CaptureHeaders = [KillClients.TestIdHeader, "Message-ID"],
        Fault = SlowAnswers(),
    });

    private ServiceProcess? _service;

    public async ValueTask InitializeAsync()
    {
        _service = await ServiceProcess.StartAsync(_folder.FullPath, Settings);
        await _service.Client.UseSinkAsync(KillClients.Tenant, _sink.Port);
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            output.WriteLine(_service?.Output ?? "");
        _service?.Dispose();
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_accepted_message_arrives_although_the_process_is_killed_three_times()
    {
        var watch = Stopwatch.StartNew();
        var count = Proof.Count(2000, 200);
        output.WriteLine($"PROOF_SEED={Proof.Seed}, {count} messages");
        var clients = new KillClients(count, _service!.Client);

        var sending = clients.Start();
        await KillRepeatedlyAsync(clients, count);
        await sending;
        output.WriteLine($"{clients.Accepted.Count} accepted, {clients.Unanswered} without key got no answer; {watch.Elapsed} so far");
        await WaitUntilNothingIsOpenAsync();

        await CheckArrivalsAsync(clients.Accepted);
        await CheckNothingIsLeftAsync(count);
        output.WriteLine($"{watch.Elapsed} in all");
    }

    // The sink has a message some time before it says so: what is killed in between has arrived, and nobody knows.
    private static Func<SmtpFaultContext, SmtpFault?> SlowAnswers()
    {
        var open = new SmtpHold();
        open.Release();
        return SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.HangAfterAccept(open).After(TimeSpan.FromMilliseconds(5)));
    }

    // One kill in each third of the messages, at a random count and a random moment after it.
    private async Task KillRepeatedlyAsync(KillClients clients, int count)
    {
        var random = new Random(Proof.Seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            await clients.WaitForAcceptedAsync((int)(count * (kill + 0.1 + (0.7 * random.NextDouble())) / Kills));
            await Task.Delay(random.Next(20), TestContext.Current.CancellationToken);
            clients.Pause();
            await _service!.KillAsync();
            output.WriteLine($"Killed with {clients.Accepted.Count} accepted, {_sink.Counts.MessagesAccepted} arrived");
            _service.Dispose();
            _service = await ServiceProcess.StartAsync(_folder.FullPath, Settings);
            clients.Resume(_service.Client);
        }
    }

    private async Task WaitUntilNothingIsOpenAsync()
    {
        var data = new DataFiles(_folder.FullPath);
        var waiting = Stopwatch.StartNew();
        for (var open = data.CountOpen(); open > 0; open = data.CountOpen())
        {
            Assert.True(waiting.Elapsed < Deadline, $"{open} messages are still open (PROOF_SEED={Proof.Seed}): {_service!.Output}");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private async Task CheckArrivalsAsync(IReadOnlyDictionary<string, string> accepted)
    {
        var arrivals = _sink.Messages.GroupBy(mail => mail.Header(KillClients.TestIdHeader)!).ToDictionary(group => group.Key, group => group.ToList());
        var lost = accepted.Keys.Where(id => !arrivals.ContainsKey(id)).ToList();
        Assert.True(lost.Count == 0, $"{lost.Count} accepted messages never arrived (PROOF_SEED={Proof.Seed}): {string.Join(' ', lost.Take(5))}");

        var (twice, unknown) = (0, 0);
        foreach (var (testId, mails) in arrivals)
        {
            // One key, one message: a client that asked again did not make a second one.
            var unique = Assert.Single(mails.Select(mail => mail.Header("Message-ID")).Distinct())!.Trim('<', '>').Split('@')[0];
            var message = await _service!.Client.ReadMessageAsync($"{KillClients.Tenant}~{unique}");
            Assert.True(message.Status() == "sent", $"PROOF_SEED={Proof.Seed}: {message}");
            if (accepted.TryGetValue(testId, out var id))
                Assert.Equal(id, message["message_id"]!.GetValue<string>());
            CheckDuplicates(mails.Count, message);
            twice += mails.Count > 1 ? 1 : 0;
            unknown += message.CountInHistory("unknown") > 0 ? 1 : 0;
        }

        output.WriteLine($"{arrivals.Count} arrived, {twice} of them more than once; {unknown} have an unknown outcome in their history");
    }

    private static void CheckDuplicates(int arrivals, JsonObject message) => Assert.True(
        arrivals <= 1 + message.CountInHistory("unknown"),
        $"{arrivals} arrivals are more than the history explains (PROOF_SEED={Proof.Seed}): {message}");

    private async Task CheckNothingIsLeftAsync(int count)
    {
        var data = new DataFiles(_folder.FullPath);
        await _service!.StopAsync();
        Assert.Equal(0, data.CountQueued());
        var counts = data.CountByStatus();
        Assert.Equal(MessageStatus.Sent, Assert.Single(counts).Key);
        Assert.InRange(counts[MessageStatus.Sent], 1, count);
        await CheckPayloadsGoAsync(data);
    }

    // A kill may come between a row and its payload. What it leaves is removed once it is old enough to be nobody's.
    private async Task CheckPayloadsGoAsync(DataFiles data)
    {
        output.WriteLine($"{data.Payloads.Length} payloads were left by the kills");
        foreach (var payload in data.Payloads)
            File.SetLastWriteTimeUtc(payload, DateTime.UtcNow.AddHours(-2));
        using var service = await ServiceProcess.StartAsync(_folder.FullPath, Settings);
        var waiting = Stopwatch.StartNew();
        while (data.Payloads.Length > 0)
        {
            Assert.True(waiting.Elapsed < TimeSpan.FromSeconds(10), $"Payloads of sent messages stay (PROOF_SEED={Proof.Seed}).");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await service.StopAsync();
    }
}
