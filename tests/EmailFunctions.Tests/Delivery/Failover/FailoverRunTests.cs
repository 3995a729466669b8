using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Delivery.Engine;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Failover;

/// <summary>
/// Two instances send 50 messages a second for 14 minutes. From the second minute on the first provider refuses connections or answers
/// 503 for ten minutes.
/// </summary>
public sealed class FailoverRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan FailsAfter = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan IsBackAfter = TimeSpan.FromMinutes(12);
    private static readonly TimeSpan EndsAfter = TimeSpan.FromMinutes(14);

    // What a breaker waits between two probes, and what a probe and the next message take.
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, int> _taken = [];
    private readonly Dictionary<SimContext, List<DateTimeOffset>> _probes = [];
    private readonly Dictionary<SimContext, int> _probing = [];
    private readonly Dictionary<SimContext, DateTimeOffset> _back = [];
    private int _refusals;

    [Fact]
    public void A_provider_that_fails_for_ten_minutes_costs_no_message_and_gets_its_mail_back()
    {
        var perSecond = Proof.Count(50, minimum: 5);
        var messages = perSecond * (int)EndsAfter.TotalSeconds;
        var engine = new SimEngine(Proof.Seed, new SimEngineSettings { Policy = SimPolicies.Of(LimitRules.None), HasFallback = true });
        var start = engine.Loop.UtcNow;
        engine.Provider = (worker, email) => CallAsync(engine, worker, email, start);
        engine.Fallback = async (worker, email) =>
        {
            await worker.Pause(TimeSpan.FromMilliseconds(worker.Loop.Random.Next(200)));
            Take(email);
            return SendResult.Sent("taken");
        };
        engine.Probe = worker => ProbeAsync(engine, worker, start);
        var workers = new[] { engine.StartWorker(), engine.StartWorker() };
        for (var number = 0; number < messages; number++)
            engine.Loop.After(TimeSpan.FromSeconds((double)number / perSecond), () => engine.Loop.Main.Start(() => engine.AcceptAsync(Tenant)));

        engine.RunUntilAll(messages, static entry => entry.Status.IsFinal(), maxSteps: 100_000_000);

        Assert.All(engine.Accepted, id => Assert.Equal(MessageStatus.Sent, engine.Read(id).Status));
        Assert.Equal(messages, _taken.Count);
        Assert.All(_taken.Values, static times => Assert.Equal(1, times));
        Assert.All(engine.Accepted, id => Assert.Equal(1, engine.Read(id).Attempts));
        foreach (var worker in workers)
        {
            var probes = _probes[worker.Context];
            Assert.All(probes.Zip(probes.Skip(1)), pair => Assert.True(pair.Second - pair.First >= ProbeInterval));
            Assert.InRange(probes.Count, 15, 22);
            Assert.InRange(_back[worker.Context] - (start + IsBackAfter), TimeSpan.Zero, ProbeInterval + Slack);
        }

        // Until half of the calls of the last half minute failed, and those that were on their way then.
        Assert.InRange(_refusals, 10, (perSecond * 16) + (2 * 16));
        output.WriteLine($"seed {Proof.Seed}: {messages} messages, 0 lost, 0 twice; {_refusals} refusals seen; probes {string.Join(" and ", _probes.Values.Select(static list => list.Count))}; back after {string.Join(" and ", _back.Values.Select(back => (back - start - IsBackAfter).TotalSeconds.ToString("0.0")))} s");
    }

    private static TenantId Tenant { get; } = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    private async Task<SendResult> CallAsync(SimEngine engine, SimContext worker, OutgoingEmail email, DateTimeOffset start)
    {
        await worker.Pause(TimeSpan.FromMilliseconds(worker.Loop.Random.Next(200)));
        if (Fails(engine, start))
        {
            _refusals++;
            return worker.Loop.Random.Next(2) == 0
                ? SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "No connection: ConnectionRefused.")
                : SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "503");
        }

        if (engine.Loop.UtcNow >= start + IsBackAfter)
            _back.TryAdd(worker, engine.Loop.UtcNow);
        Take(email);
        return SendResult.Sent("taken");
    }

    private async Task<ProbeResult> ProbeAsync(SimEngine engine, SimContext worker, DateTimeOffset start)
    {
        _probing[worker] = _probing.GetValueOrDefault(worker) + 1;
        Assert.Equal(1, _probing[worker]);
        if (!_probes.TryGetValue(worker, out var probes))
            _probes.Add(worker, probes = []);
        probes.Add(engine.Loop.UtcNow);
        await worker.Pause(TimeSpan.FromMilliseconds(worker.Loop.Random.Next(1_000)));
        _probing[worker]--;
        return Fails(engine, start) ? ProbeResult.Unhealthy(ErrorCategory.Network, "No connection: ConnectionRefused.") : ProbeResult.Healthy;
    }

    private static bool Fails(SimEngine engine, DateTimeOffset start) =>
        engine.Loop.UtcNow >= start + FailsAfter && engine.Loop.UtcNow < start + IsBackAfter;

    private void Take(OutgoingEmail email) => _taken[email.Id.Unique] = _taken.GetValueOrDefault(email.Id.Unique) + 1;
}
