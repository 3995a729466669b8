using EmailFunctions.Delivery;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tracking;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// What no run may break, over many random ones: no window of true send times holds more than its limit, nothing is lost, and
/// the line keeps its order. A failing seed is printed; <c>PROOF_SEED</c> brings it back.
/// </summary>
public sealed class LimitPropertyTests(ITestOutputHelper output)
{
    private static readonly TenantId Tenant = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    [Fact]
    public void No_run_breaks_a_limit_loses_a_message_or_the_order()
    {
        var runs = Proof.Count(10_000, minimum: 200);
        output.WriteLine($"Seeds {Proof.Seed} to {Proof.Seed + (long)runs - 1}; replay one with PROOF_SEED and PROOF_SCALE=0");
        var totals = new Totals();
        Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, run => new LimitRun(unchecked(Proof.Seed + run), totals).Run());
        output.WriteLine(totals.ToString());

        Assert.True(runs == 1 || totals.MeasuredRuns > runs / 10);
    }

    internal sealed class Totals
    {
        private long _sends;
        private long _kills;
        private long _measured;
        private double _least = 1;

        public long MeasuredRuns => _measured;

        public void Add(int sends, int kills, double? used)
        {
            lock (this)
            {
                _sends += sends;
                _kills += kills;
                if (used is not { } part)
                    return;
                _measured++;
                _least = Math.Min(_least, part);
            }
        }

        public override string ToString() => $"{_sends} sends, {_kills} kills; in {_measured} runs without fault at least {_least:P2} of the limit was used";
    }

    /// <summary>One random run.</summary>
    private sealed class LimitRun
    {
        private readonly SimEngine _engine;
        private readonly Random _random;
        private readonly LimitRules _rules;
        private readonly bool _isFaulty;
        private readonly int _seed;
        private readonly Totals _totals;
        private readonly SimClock _clientClock;
        private readonly SimProcess _client;
        private LimitRules? _newRules;
        private DateTimeOffset _changedAt;
        private int _kills;

        public LimitRun(int seed, Totals totals)
        {
            (_seed, _totals) = (seed, totals);
            _random = new Random(seed);
            _isFaulty = _random.Next(4) != 0;
            var perMinute = _random.Next(1, _random.Next(3) == 0 ? 40 : 6);
            var perHour = _random.Next(3) == 0 ? _random.Next(1, 40) : 0;
            _rules = _isFaulty ? new LimitRules(_random.Next(5) == 0 && perHour > 0 ? 0 : perMinute, perHour, 0, 0) : new LimitRules(_random.Next(1, 8), 0, 0, 0);
            _engine = new SimEngine(seed, new SimEngineSettings
            {
                Policy = SimPolicies.Of(_rules),
                Faults = new SimFaults
                {
                    Before = _isFaulty ? _random.NextDouble() * 0.03 : 0,
                    After = _isFaulty ? _random.NextDouble() * 0.03 : 0,
                    MaxLatency = TimeSpan.FromMilliseconds(_random.Next(0, 60)),
                },
                Duplicates = _isFaulty ? _random.NextDouble() * 0.1 : 0,
                Concurrency = _random.Next(1, 17),
                IsStrict = _random.Next(4) == 0,
            });
            var context = new SimContext(_engine.Loop, "api");
            _clientClock = new SimClock(context, TimeSpan.Zero);
            _client = _engine.CreateProcess(context, _clientClock, "api");
        }

        public void Run()
        {
            _engine.StartSweeper(Tenant, TimeSpan.FromSeconds(60));
            var workers = _random.Next(1, 9);
            for (var number = 0; number < workers; number++)
                Start();
            var messages = _isFaulty ? _random.Next(5, 80) : _rules.PerMinute * 24;
            Arrive(messages);
            if (_isFaulty && _random.Next(4) == 0)
                _engine.Loop.After(TimeSpan.FromSeconds(_random.Next(1, 400)), ChangeLimits);
            _engine.RunUntilAll(messages, IsDone, maxSteps: 2_000_000);

            Judge();
        }

        private void Start()
        {
            var worker = _engine.StartWorker();
            if (!_isFaulty || _random.Next(2) != 0)
                return;
            worker.Context.Killed = () =>
            {
                _kills++;
                _engine.Loop.After(TimeSpan.FromSeconds(_random.Next(120)), Start);
            };
            worker.Context.KillAfterSteps(_random.Next(2_000));
        }

        private void Arrive(int messages)
        {
            var spread = _isFaulty ? _random.Next(1, 400_000) : 1;
            for (var number = 0; number < messages; number++)
            {
                var priority = (MessagePriority)_random.Next(1, 4);
                var loseHint = _isFaulty && _random.Next(20) == 0;
                var expires = _isFaulty && _random.Next(20) == 0 ? TimeSpan.FromSeconds(_random.Next(1, 600)) : (TimeSpan?)null;
                var cancels = _isFaulty && _random.Next(20) == 0 ? TimeSpan.FromSeconds(_random.Next(0, 300)) : (TimeSpan?)null;
                _engine.Loop.After(
                    TimeSpan.FromMilliseconds(_random.Next(spread)),
                    () => _engine.Loop.Main.Start(async () =>
                    {
                        var id = await _engine.AcceptAsync(Tenant, priority, expiresAt: _engine.Loop.UtcNow + expires, loseHint: loseHint);
                        if (cancels is { } delay)
                            _engine.Loop.After(delay, () => _engine.Loop.Main.Start(() => CancelAsync(id)));
                    }));
            }
        }

        private void ChangeLimits()
        {
            _newRules = new LimitRules(_random.Next(1, 40), _random.Next(3) == 0 ? _random.Next(20, 60) : 0, 0, 0);
            _changedAt = _engine.Loop.UtcNow;
            _engine.Loop.Main.Start(() => _engine.ChangeAsync(Tenant, SimPolicies.Of(_newRules)));
        }

        private async Task CancelAsync(MessageId id)
        {
            try
            {
                await new Cancellation(_client.Ledger, _client.Lanes, _engine.Payloads, _clientClock, NullLogger<Cancellation>.Instance).CancelAsync(id, CancellationToken.None);
            }
            catch (ProblemException)
            {
                // Too late.
            }
            catch (StoreUnavailableException)
            {
                // Whoever asked sees what became of it.
            }
        }

        private bool IsDone(LedgerEntry entry) => entry.Status is MessageStatus.Failed or MessageStatus.DeadLettered
            ? throw new InvalidOperationException($"A message ended as {entry.Status}: {string.Join("; ", entry.History)}. Seed {_seed}.")
            : entry.Status is MessageStatus.Sent or MessageStatus.Expired or MessageStatus.Cancelled;

        private void Judge()
        {
            var times = _engine.History.Times();
            var after = _newRules ?? _rules;
            Check(Larger(_rules.PerMinute, after.PerMinute), TimeSpan.FromMinutes(1), times);
            Check(Larger(_rules.PerHour, after.PerHour), TimeSpan.FromHours(1), times);
            // A copy that says so may have met faults on its way; then half a minute's cache is what is left of the old limits.
            var late = times.FindAll(time => _newRules is not null && time > _changedAt + TimeSpan.FromMinutes(3));
            Check(after.PerMinute, TimeSpan.FromMinutes(1), late);
            Check(after.PerHour, TimeSpan.FromHours(1), late);
            CheckUnsent();
            CheckOrder();
            double? used = _isFaulty ? null : Used(times);
            if (used < 0.95)
                throw new InvalidOperationException($"Only {used:P2} of the limit was used. Seed {_seed}.");
            _totals.Add(times.Count, _kills, used);

            static int Larger(int before, int after) => before == 0 || after == 0 ? 0 : Math.Max(before, after);

            void Check(int limit, TimeSpan window, List<DateTimeOffset> sends)
            {
                var most = SimHistory.MaxInAnyWindow(sends, window);
                if (limit > 0 && most > limit)
                    throw new InvalidOperationException($"{most} sends in a window of {window} where {limit} may be. Seed {_seed}.");
            }
        }

        // What was cancelled or expired before it was tried never reached the provider.
        private void CheckUnsent()
        {
            var called = _engine.History.Calls.Select(static call => call.Message).ToHashSet();
            foreach (var entry in _engine.Accepted.Select(_engine.Read))
            {
                if (entry is { Status: MessageStatus.Cancelled or MessageStatus.Expired, Attempts: 0 } && called.Contains(entry.Id.Unique))
                    throw new InvalidOperationException($"{entry.Id} is {entry.Status} and was sent. Seed {_seed}.");
            }
        }

        // Beginning after the first window, over whole numbers of messages, as long as there was a backlog.
        private double Used(List<DateTimeOffset> times)
        {
            var first = times.FindIndex(time => time >= times[0] + TimeSpan.FromMinutes(1));
            var windows = (times[^1] - times[first]) / TimeSpan.FromMinutes(1);
            if (windows < 20)
                throw new InvalidOperationException($"The run had only {windows} windows. Seed {_seed}.");
            return (times.Count - 1 - first) / (windows * _rules.PerMinute);
        }

        // Who stood in line before another of the same or a lower priority, which came later, was not sent after it. Clocks differ by
        // two seconds, and a claim is made up to five seconds before its slot. One slot in ten is for those of low priority.
        private void CheckOrder()
        {
            var skew = TimeSpan.FromSeconds(2.1);
            // Who was claimed for a slot of the old limits waits for it, while others may take the new ones' at once.
            var patience = _newRules is null ? skew : skew + SlotTiming.Early;
            var entries = _engine.Accepted.Select(_engine.Read).Where(static entry => entry is { Attempts: 1, Status: MessageStatus.Sent }).ToList();
            var claims = entries.ConvertAll(static entry => entry.History.First(static line => line.Status == "sending").At);
            var joins = entries.ConvertAll(static entry => entry.History.FirstOrDefault(static line => line.Limit is not null)?.At);
            for (var first = 0; first < entries.Count; first++)
            {
                for (var second = 0; joins[first] is { } joined && second < entries.Count; second++)
                {
                    var (a, b) = (entries[first], entries[second]);
                    var isBefore = a.Priority == b.Priority ? a.ArrivedAt < b.ArrivedAt : a.Priority < b.Priority && b.Priority != MessagePriority.Low;
                    if (isBefore && joined + SlotTiming.Early + skew < claims[second] && claims[second] + patience < claims[first])
                        throw new InvalidOperationException($"{a.Id} stood in line since {joined:T} and was sent at {claims[first]:T}, after {b.Id} at {claims[second]:T}. Seed {_seed}.");
                }
            }
        }
    }
}
