using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Messages;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// The key-encryption key is changed while mail is sent, and the process killed on the way: all keys end under the new one, no mail is lost or
/// fails, and the old key may go.
/// </summary>
public sealed class RotationKillTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Kills = 2;
    private const int SendsPerSecond = 100;
    private const string Admin = "/api/v1/admin/email/encryption";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(15);
    private static readonly SmtpSinkCredentials User = new("me", "right");

    private readonly string _old = NewKey();
    private readonly string _new = NewKey();
    private readonly int _tenants = Proof.Count(10_000, 300);
    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink = SmtpSink.Start(new SmtpSinkOptions { Credentials = User, RequireAuthentication = true });
    private readonly ConcurrentDictionary<string, bool> _accepted = new();
    private readonly CancellationTokenSource _enough = new();
    private ServiceProcess? _service;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _service = await StartAsync(("EMAIL_ENCRYPTION_KEY", _old));
        await Parallel.ForEachAsync(Enumerable.Range(0, _tenants), Cancellation, async (number, _) =>
            await _service.Client.UseSinkAsync(TenantOf(number), _sink.Port, $",\"smtp_username\":\"{User.UserName}\",\"smtp_password\":\"{User.Password}\""));
        // Their keys for hashing recipients are under the old key, too.
        for (var number = 0; number < _tenants / 10; number++)
            _accepted[await _service.Client.AcceptAsync(Mail(number))] = true;
        await _service.StopAsync();
        _service.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            output.WriteLine(_service?.Output ?? "");
        _service?.Dispose();
        _enough.Dispose();
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task All_keys_are_rewrapped_under_load_although_the_process_is_killed_twice_and_then_the_old_key_may_go()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}, {_tenants} configurations");
        _service = await StartWithBothAsync();
        var watch = Stopwatch.StartNew();
        await _service.Client.MustAsync(HttpMethod.Post, $"{Admin}/rotate", "");
        var sending = Task.Run(SendAsync, Cancellation);

        for (var kill = 1; kill <= Kills; kill++)
            await KillAtAsync(_tenants * kill / (Kills + 1));
        var end = await WaitForAsync(static progress => progress["finished_at"] is not null);
        output.WriteLine($"{end["total"]} keys in {watch.Elapsed.TotalSeconds:F0} s: {end.ToJsonString()}");
        await _enough.CancelAsync();
        await sending;
        output.WriteLine($"{_accepted.Count} messages were accepted, {_accepted.Count / watch.Elapsed.TotalSeconds:F0} a second");

        Assert.Equal(("completed", 0, 0), (end["state"]!.GetValue<string>(), end["failed"]!.GetValue<int>(), end["remaining"]!.GetValue<int>()));
        await CheckMailAsync();
        await CheckOldKeyMayGoAsync();
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static string IdOf(string key) => "local:" + Convert.ToHexStringLower(SHA256.HashData(Convert.FromBase64String(key)))[..16];

    private static string TenantOf(int number) => $"tenant-{number}";

    private static string Mail(int number) => $$"""{"tenant_id":"{{TenantOf(number)}}","to":["you@example.com"],"subject":"Hello","body":"Hello."}""";

    private Task<ServiceProcess> StartWithBothAsync() => StartAsync(("EMAIL_ENCRYPTION_KEY", _new), ("EMAIL_ENCRYPTION_KEY_PREVIOUS", _old));

    private Task<ServiceProcess> StartAsync(params (string Name, string Value)[] settings) => ServiceProcess.StartAsync(
        _folder.FullPath, settings.Append(("EMAIL_RETRY_BASE_SECONDS", "1")).Append(("EMAIL_RETRY_MAX_SECONDS", "2")).ToDictionary(pair => pair.Item1, pair => pair.Item2));

    // At a random moment behind so many keys.
    private async Task KillAtAsync(int done)
    {
        await WaitForAsync(progress => progress["done"]!.GetValue<int>() >= done);
        await Task.Delay(new Random(Proof.Seed + done).Next(500), Cancellation);
        await _service!.KillAsync();
        var counts = new DataFiles(_folder.FullPath).CountWrappedKeys();
        output.WriteLine($"Killed with {counts.GetValueOrDefault(IdOf(_new))} keys under the new key and {counts.GetValueOrDefault(IdOf(_old))} under the old one");
        Assert.True(counts.ContainsKey(IdOf(_old)), "It was killed too late to prove anything.");
        var killed = _service;
        _service = await StartWithBothAsync();
        killed.Dispose();
    }

    private async Task<JsonObject> WaitForAsync(Func<JsonObject, bool> holds)
    {
        for (var waiting = Stopwatch.StartNew(); ; await Task.Delay(100, Cancellation))
        {
            using var answer = await _service!.Client.GetAsync(new Uri($"{Admin}/rotation", UriKind.Relative), Cancellation);
            var progress = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!.AsObject();
            if (answer.IsSuccessStatusCode && holds(progress))
                return progress;
            Assert.True(waiting.Elapsed < Deadline, $"{progress}\n{_service.Output}");
        }
    }

    // By the clock and not one after the other: a service that is slow is not spared.
    private async Task SendAsync()
    {
        var random = new Random(Proof.Seed);
        var (sends, watch) = (new List<Task>(), Stopwatch.StartNew());
        while (!_enough.IsCancellationRequested)
        {
            for (var due = (int)(watch.Elapsed.TotalSeconds * SendsPerSecond); sends.Count < due;)
                sends.Add(SendAsync(random.Next(_tenants), $"key-{sends.Count}"));
            await Task.Delay(10, Cancellation);
        }

        await Task.WhenAll(sends);
    }

    // Until it is answered; the key makes it one message.
    private async Task SendAsync(int tenant, string key)
    {
        while (true)
        {
            try
            {
                using var answer = await _service!.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", Mail(tenant), key);
                var body = await answer.Content.ReadAsStringAsync(Cancellation);
                Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode} {body}");
                _accepted[JsonNode.Parse(body)!["message_id"]!.GetValue<string>()] = true;
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException or OperationCanceledException or JsonException && !Cancellation.IsCancellationRequested)
            {
                // The process is gone; the next one answers.
                await Task.Delay(50, Cancellation);
            }
        }
    }

    private async Task CheckMailAsync()
    {
        var data = new DataFiles(_folder.FullPath);
        for (var waiting = Stopwatch.StartNew(); data.CountOpen() > 0; await Task.Delay(200, Cancellation))
            Assert.True(waiting.Elapsed < Deadline, $"{data.CountOpen()} messages are open: {_service!.Output}");
        Assert.Equal(new Dictionary<MessageStatus, int> { [MessageStatus.Sent] = _accepted.Count }, data.CountByStatus());
        Assert.DoesNotContain("can't be decrypted", _service!.Output, StringComparison.Ordinal);
        Assert.True(_sink.Counts.MessagesAccepted >= _accepted.Count);
    }

    private async Task CheckOldKeyMayGoAsync()
    {
        await _service!.StopAsync();
        Assert.Equal([IdOf(_new)], new DataFiles(_folder.FullPath).CountWrappedKeys().Keys);
        using var alone = await StartAsync(("EMAIL_ENCRYPTION_KEY", _new));
        var sample = Enumerable.Range(0, _tenants).Where(number => number % Math.Max(1, _tenants / 200) == 0).ToList();
        var ids = await Task.WhenAll(sample.Select(number => alone.Client.AcceptAsync(Mail(number))));
        foreach (var id in ids)
            Assert.Equal("sent", (await alone.Client.WaitForStatusAsync(id, "sent", "deferred", "failed")).Status());
        await alone.StopAsync();
        output.WriteLine($"{ids.Length} messages were sent without the old key");
    }
}
