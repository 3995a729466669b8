using EmailFunctions.Delivery;
using EmailFunctions.Lifecycle;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// A tenant is suspended and let go again while several instances send its mail, over many random runs, in some of which instances are killed, the one
/// that suspends among them: nothing is sent meanwhile, nothing is asked for again and again, and all is sent once afterwards.
/// </summary>
public sealed class SuspensionTests(ITestOutputHelper output)
{
    private static readonly TenantId Tenant = DeliveryBench.Tenant;

    // What an instance may believe, and what one that has a message in hand may still need: it waits in the process for a slot up to 5 s.
    private static readonly TimeSpan KnownWithin = TenantStates.Sharp + SlotTiming.Early + TimeSpan.FromSeconds(2);

    [Fact]
    public void Nothing_is_sent_while_suspended_and_all_is_sent_once_afterwards()
    {
        var runs = Proof.Count(2_000, minimum: 40);
        output.WriteLine($"Seeds {Proof.Seed} to {Proof.Seed + (long)runs - 1}; replay one with PROOF_SEED and PROOF_SCALE=0");
        var (sends, kills, waited) = (0L, 0L, 0L);
        Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, run =>
        {
            var one = new SuspendedRun(unchecked(Proof.Seed + run));
            one.Run();
            Interlocked.Add(ref sends, one.Sends);
            Interlocked.Add(ref kills, one.Kills);
            Interlocked.Add(ref waited, one.Waited);
        });
        output.WriteLine($"{sends} sends, {waited} of them after they had waited, {kills} kills");

        Assert.True(runs == 1 || (waited > 0 && kills > 0));
    }

    [Fact]
    public void More_than_can_be_booked_at_once_all_go_out_without_a_limit()
    {
        const int Waiting = 6_500;
        var engine = new SimEngine(Proof.Seed, new SimEngineSettings { Policy = SimPolicies.Of(LimitRules.None), Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(20) } });
        engine.StartWorker();
        var context = new SimContext(engine.Loop, "admin");
        var suspender = engine.CreateProcess(context, new SimClock(context, TimeSpan.Zero), "admin").Suspender;
        engine.Loop.Run(() => suspender.SuspendAsync(Tenant, "to be looked into", "test", CancellationToken.None));
        for (var number = 0; number < Waiting; number++)
            engine.Loop.Main.Start(() => engine.AcceptAsync(Tenant));
        engine.Loop.RunUntil(() => engine.Limits(Tenant)?.InLine == Waiting, maxSteps: 10_000_000);
        Assert.Empty(engine.History.Calls);

        engine.Loop.Run(() => suspender.ResumeAsync(Tenant, CancellationToken.None));
        var resumedAt = engine.Loop.Elapsed;
        engine.Loop.RunUntil(() => engine.History.Calls.Count == Waiting, maxSteps: 20_000_000);

        output.WriteLine($"{Waiting} were sent by one process within {engine.Loop.Elapsed - resumedAt}, with {engine.CopiesOf<WakeUpReference>()} wake-ups (PROOF_SEED={Proof.Seed}).");
        Assert.InRange(engine.CopiesOf<WakeUpReference>(), 1, 300);
        engine.Loop.RunFor(TimeSpan.FromMinutes(10));
        Assert.Equal(Waiting, engine.History.Calls.Select(static call => call.Message).Distinct().Count());
    }

    private sealed class SuspendedRun
    {
        private readonly SimEngine _engine;
        private readonly Random _random;
        private readonly int _seed;
        private readonly int _perMinute;
        private DateTimeOffset? _suspendedAt;
        private DateTimeOffset? _resumedAt;
        private int _admins;

        public SuspendedRun(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _perMinute = _random.Next(3) == 0 ? 0 : _random.Next(1, 20);
            _engine = new SimEngine(seed, new SimEngineSettings
            {
                Policy = SimPolicies.Of(new LimitRules(_perMinute, 0, 0, 0)),
                Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(_random.Next(60)) },
                Duplicates = _random.Next(2) * 0.1,
                Concurrency = _random.Next(1, 9),
            });
        }

        public int Sends => _engine.History.Calls.Count;

        public int Kills { get; private set; }

        public int Waited { get; private set; }

        public void Run()
        {
            _engine.StartSweeper(Tenant, TimeSpan.FromSeconds(60));
            StartTenantSweep();
            for (var number = _random.Next(1, 5); number > 0; number--)
                StartWorker();
            var messages = _random.Next(5, 60);
            for (var number = 0; number < messages; number++)
                _engine.Loop.After(TimeSpan.FromMilliseconds(_random.Next(120_000)), () => _engine.Loop.Main.Start(() => _engine.AcceptAsync(Tenant, (MessagePriority)_random.Next(1, 4))));
            _engine.Loop.After(TimeSpan.FromMilliseconds(_random.Next(60_000)), () => Administer(true));

            _engine.Loop.RunUntil(() => _suspendedAt is not null && _engine.Accepted.Count == messages, maxSteps: 500_000);
            _engine.Loop.RunFor(TimeSpan.FromMinutes(5));
            JudgeSuspended();
            Administer(false);
            _engine.Loop.RunUntil(() => _resumedAt is not null, maxSteps: 2_000_000);
            _engine.RunUntilAll(messages, static entry => entry.Status == MessageStatus.Sent, maxSteps: 2_000_000);
            // What is still on the queue finds nothing to do.
            _engine.Loop.RunFor(TimeSpan.FromMinutes(70));
            JudgeEnd(messages);
        }

        // An admin's process, which may end in the middle; then the sweep goes on, or the admin asks again.
        private void Administer(bool suspends)
        {
            var context = new SimContext(_engine.Loop, $"admin{_admins++}");
            var process = _engine.CreateProcess(context, new SimClock(context, TimeSpan.Zero), context.Name);
            context.Killed = () =>
            {
                Kills++;
                _engine.Loop.After(TimeSpan.FromSeconds(_random.Next(1, 40)), () => Administer(suspends));
            };
            if (_random.Next(3) == 0)
                context.KillAfterSteps(_random.Next(1, 12));
            context.Start(async () =>
            {
                // The one before may have come so far that nothing is left to be done.
                if (suspends)
                    await process.Suspender.SuspendAsync(Tenant, "to be looked into", "test", CancellationToken.None);
                else if (await new TenantStates(_engine.ClientTable, new SimClock(context, TimeSpan.Zero)).ReadAsync(Tenant, CancellationToken.None) is not null)
                    await process.Suspender.ResumeAsync(Tenant, CancellationToken.None);
                if (suspends)
                    _suspendedAt ??= _engine.Loop.UtcNow;
                else
                    _resumedAt ??= _engine.Loop.UtcNow;
                context.Killed = null;
            });
        }

        private void StartWorker()
        {
            var worker = _engine.StartWorker();
            worker.Context.Killed = () =>
            {
                Kills++;
                _engine.Loop.After(TimeSpan.FromSeconds(_random.Next(30)), StartWorker);
            };
            if (_random.Next(4) == 0 && Kills < 10)
                worker.Context.KillAfterSteps(_random.Next(2_000));
        }

        private void StartTenantSweep()
        {
            var context = new SimContext(_engine.Loop, "tenants");
            var clock = new SimClock(context, TimeSpan.Zero);
            var process = _engine.CreateProcess(context, clock, context.Name);
            var sweep = new TenantSweep(new TenantStates(new SimTable(context, _engine.Table, new SimFaults()), clock), process.Suspender, null!, null!, clock, NullLogger<TenantSweep>.Instance);
            context.Start(async () =>
            {
                while (true)
                {
                    await context.Pause(TimeSpan.FromSeconds(60));
                    await sweep.RunAsync(CancellationToken.None);
                }
            });
        }

        private void JudgeSuspended()
        {
            var known = _suspendedAt!.Value + KnownWithin;
            Assert.True(_engine.History.Calls.All(call => call.At <= known), Say($"Sent although suspended, after {known:T}."));
            // Whoever is killed leaves a message in hand.
            var open = _engine.Accepted.Select(_engine.Read).Where(static entry => entry.Status != MessageStatus.Sent).ToList();
            Assert.All(open, entry => Assert.True(entry.Status is MessageStatus.Queued or MessageStatus.Deferred or MessageStatus.Sending, Say($"{entry.Id} is {entry.Status}.")));
            Waited = open.Count;
            var copies = _engine.Copies.Values.Sum();
            var writes = Writes();
            _engine.Loop.RunFor(TimeSpan.FromHours(3));
            // A lost hint of what was never looked at is given once more; what waits asks for nothing.
            Assert.True(_engine.Copies.Values.Sum() - copies <= open.Count, Say($"{_engine.Copies.Values.Sum() - copies} copies in three hours for {open.Count} that wait."));
            Assert.True(Writes() - writes <= 4 * open.Count, Say($"{Writes() - writes} writes in three hours for {open.Count} that wait."));
            Assert.True(_engine.History.Calls.All(call => call.At <= known), Say("Sent although suspended."));
            Assert.All(_engine.Accepted.Select(_engine.Read).Where(static entry => entry.Status != MessageStatus.Sent), entry => Assert.Equal((MessageStatus.Deferred, true), (entry.Status, entry.IsWaiting)));
        }

        private void JudgeEnd(int messages)
        {
            var twice = _engine.History.Calls.GroupBy(static call => call.Message).Sum(static calls => calls.Count() - 1);
            Assert.True(twice <= Kills * 8, Say($"{twice} were sent twice, after {Kills} kills."));
            if (Kills == 0)
                Assert.Equal(messages, _engine.History.Calls.Count);
            if (_perMinute > 0)
                Assert.True(SimHistory.MaxInAnyWindow(_engine.History.Times(), TimeSpan.FromMinutes(1)) <= _perMinute, Say("The limit was broken."));
            Assert.False(_engine.Limits(Tenant)?.IsSuspended);
            Assert.Null(_engine.Table.Get(new EntityKey("tenant-states", Tenant.Value)));
        }

        private int Writes() => _engine.Tables.Sum(static table => table.Writes);

        private string Say(string what) => $"{what} (PROOF_SEED={_seed} PROOF_SCALE=0)";
    }
}
