using EmailFunctions.Delivery;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// Processes that die at a named point, over many random runs: nothing is lost, and what may have been sent twice is exactly what was
/// between its claim and its outcome's write. The issue's own words: a crash before the send can't be told from one after it.
/// A failing seed is printed; <c>PROOF_SEED</c> with <c>PROOF_SCALE=0</c> brings it back.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly TenantId Tenant = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    public static TheoryData<CrashPoint, bool> Points
    {
        get
        {
            var points = new TheoryData<CrashPoint, bool>();
            foreach (var point in Enum.GetValues<CrashPoint>())
            {
                points.Add(point, false);
                points.Add(point, true);
            }

            return points;
        }
    }

    [Theory]
    [MemberData(nameof(Points))]
    public void A_crash_loses_nothing_and_doubles_only_what_was_in_hand(CrashPoint point, bool holdsUnknown)
    {
        var runs = Proof.Count(200, minimum: 20);
        var totals = new Totals();
        Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, run => new CrashRun(unchecked(Proof.Seed + run), point, holdsUnknown, totals).Run());
        output.WriteLine($"{point}, {(holdsUnknown ? "hold" : "resend")}, seeds {Proof.Seed} to {Proof.Seed + (long)runs - 1}: {runs} runs, {totals}");
    }

    private sealed class Totals
    {
        private int _crashes;
        private int _messages;
        private int _interrupted;
        private int _doubled;
        private int _held;

        public void Add(CrashPlan plan, int messages, int held)
        {
            lock (this)
            {
                _crashes += plan.Crashes;
                _messages += messages;
                _interrupted += plan.Interrupted.Values.Sum();
                _doubled += plan.Taken.Values.Sum(static taken => taken - 1);
                _held += held;
            }
        }

        public override string ToString() =>
            $"{_crashes} crashes, {_messages} messages, 0 lost, {_interrupted} times in hand at a crash and marked unknown, {_doubled} sent twice, {_held} held";
    }

    /// <summary>One random run.</summary>
    private sealed class CrashRun
    {
        private readonly int _seed;
        private readonly CrashPoint _point;
        private readonly bool _holds;
        private readonly Totals _totals;
        private readonly Random _random;
        private readonly int _concurrency;
        private readonly int _perMinute;
        private readonly SimEngine _engine;
        private readonly CrashPlan _plan;

        public CrashRun(int seed, CrashPoint point, bool holds, Totals totals)
        {
            (_seed, _point, _holds, _totals) = (seed, point, holds, totals);
            _random = new Random(seed);
            // In half of the runs nothing else is in the hands of the process that dies.
            _concurrency = _random.Next(2) == 0 ? 1 : _random.Next(2, 9);
            _perMinute = point == CrashPoint.AfterReservation || _random.Next(2) == 0 ? _random.Next(1, 5) : 0;
            CrashPlan? plan = null;
            _engine = new SimEngine(seed, new SimEngineSettings
            {
                Policy = SimPolicies.Of(new LimitRules(_perMinute, 0, 0, 0), holdsUnknown: holds),
                Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(_random.Next(60)) },
                Duplicates = _random.Next(2) * 0.1,
                Concurrency = _concurrency,
                Wrap = (table, process) => new CrashTable(table, () => plan!, process),
                BeforeAcknowledge = process => plan!.ReachAsync(CrashPoint.BeforeAcknowledge, process),
            });
            _plan = plan = new CrashPlan(point, _random) { Engine = _engine, Left = _random.Next(1, 4) };
            _engine.Provider = SendAsync;
        }

        public void Run()
        {
            _engine.StartSweeper(Tenant, TimeSpan.FromSeconds(60));
            for (var worker = _random.Next(1, 5); worker > 0; worker--)
                Start();
            var messages = _random.Next(12, 30);
            Arrive(messages);

            _engine.RunUntilAll(messages, static entry => entry.IsHeld || entry.Status.IsFinal(), maxSteps: 2_000_000);
            // What is still on the queue finds nothing to do.
            _engine.Loop.RunFor(TimeSpan.FromMinutes(70));

            _engine.Accepted.ForEach(Judge);
            JudgeRun();
        }

        private void Start()
        {
            var worker = _engine.StartWorker();
            worker.Context.Killed = () => _engine.Loop.After(TimeSpan.FromSeconds(_random.Next(120)), Start);
        }

        private void Arrive(int messages)
        {
            var spread = _random.Next(1, 20_000);
            for (var number = 0; number < messages; number++)
            {
                var dies = _point == CrashPoint.AfterAccept && (number == 0 || _random.Next(2) == 0);
                _engine.Loop.After(TimeSpan.FromMilliseconds(_random.Next(spread)), () => Accept(dies));
            }

            void Accept(bool dies)
            {
                if (dies)
                    _plan.CountClient();
                _engine.Loop.Main.Start(() => _engine.AcceptAsync(Tenant, (MessagePriority)_random.Next(1, 4), loseHint: dies));
            }
        }

        private async Task<SendResult> SendAsync(SimContext worker, OutgoingEmail email)
        {
            await worker.Pause(TimeSpan.FromMilliseconds(_random.Next(200)));
            await _plan.ReachAsync(CrashPoint.BeforeAcceptance, worker);
            _plan.Take(email.Id);
            await _plan.ReachAsync(CrashPoint.AfterAcceptance, worker);
            await worker.Pause(TimeSpan.FromMilliseconds(_random.Next(200)));
            return SendResult.Sent("taken");
        }

        private void Judge(MessageId id)
        {
            var entry = _engine.Read(id);
            var interrupted = _plan.Interrupted.GetValueOrDefault(id);
            var taken = _plan.Taken.GetValueOrDefault(id);
            var unseen = _plan.TakenAndInterrupted.GetValueOrDefault(id);
            var isHeld = _holds && interrupted > 0;
            var unknown = entry.History.Count(static line => line.Status == HistoryEntry.Unknown);
            if (isHeld ? entry is not { IsHeld: true, Reason: Outcomes.UnknownReason } : entry.Status != MessageStatus.Sent)
                Fail($"{id} ended as {entry.Status} {entry.Reason} after {interrupted} crashes");
            if (unknown != interrupted)
                Fail($"{id} was in hand at {interrupted} crashes and has {unknown} unknown outcomes");
            if (taken != (isHeld ? unseen : 1 + unseen) || (_holds && taken > 1))
                Fail($"{id} was taken {taken} times, {unseen} of them by a process that died before it wrote so");
        }

        private void JudgeRun()
        {
            if (_plan.Crashes == 0)
                Fail("nothing crashed");
            if (_concurrency == 1 && !IsBetweenClaimAndOutcome && _plan.Interrupted.Count > 0)
                Fail("a message has an unknown outcome that was in nobody's hand");
            if (IsBetweenClaimAndOutcome && _plan.Interrupted.Count == 0)
                Fail("no message was in hand at the crash");
            if (_engine.Queue.Count > 0)
                Fail($"{_engine.Queue.Count} copies are still on the queue");
            var most = SimHistory.MaxInAnyWindow(_engine.History.Times(), TimeSpan.FromMinutes(1));
            if (_perMinute > 0 && most > _perMinute)
                Fail($"{most} calls of the provider in a minute where {_perMinute} may be");
            _totals.Add(_plan, _engine.Accepted.Count, _engine.Accepted.Count(id => _engine.Read(id).IsHeld));
        }

        private bool IsBetweenClaimAndOutcome =>
            _point is CrashPoint.AfterClaim or CrashPoint.BeforeAcceptance or CrashPoint.AfterAcceptance or CrashPoint.BeforeOutcome;

        private void Fail(string what) => throw new InvalidOperationException(
            $"{what}. {_point}, {(_holds ? "hold" : "resend")}, limit {_perMinute}, {_concurrency} in hand, seed {_seed}.");
    }
}
