using System.Globalization;
using EmailFunctions.Delivery;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// What nine tenants see beside one whose mail server hangs: it takes a call and answers nothing for as long as a call may last. 64 messages
/// are in hand, a healthy provider takes 200 ms, calls to store and queue take up to 20 ms. The numbers are those of docs/fairness.md.
/// </summary>
public sealed class SlowServerTests(ITestOutputHelper output)
{
    private const int Backlog = 400;
    private const int Hands = 64;

    // More than anybody asks for: as it was before places were shared.
    private const int Unshared = 1_000_000;

    private static readonly TenantId Slow = Tenant("slow");
    private static readonly TimeSpan Healthy = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Hang = ClaimPolicy.SendTime;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4)]
    [InlineData(60, 1)]
    [InlineData(60, 4)]
    [InlineData(600, 1)]
    [InlineData(600, 4)]
    public void Beside_a_server_that_hangs_others_hardly_wait_and_in_the_end_all_of_its_own_mail_is_sent(int perMinute, int processes)
    {
        var run = new Run(perMinute, processes, places: null);
        run.SendToEnd();
        output.WriteLine(run.Report());

        Assert.InRange(run.WaitOfOthers(0.95), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.InRange(run.WaitOfOthers(1), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.All(run.Engine.Accepted, id => Assert.Equal(MessageStatus.Sent, run.Engine.Read(id).Status));
        if (perMinute == 0)
            return;
        // Who stands in line is taken in its order; those who were called for in vain come between them.
        Assert.InRange(run.Disorder(), 0, Hands);
        Assert.InRange(SimHistory.MaxInAnyWindow(run.TimesOfSlow(), TimeSpan.FromMinutes(1)), 1, perMinute);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(600, 4)]
    public void Without_sharing_they_wait_until_the_calls_are_given_up(int perMinute, int processes)
    {
        var run = new Run(perMinute, processes, Unshared);
        run.SendToEnd();
        output.WriteLine(run.Report());

        Assert.InRange(run.WaitOfOthers(1), TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(10));
    }

    // Counted while nothing else is on its way, but for a look at who is suspended, each 5 s in each process. Several processes that write one
    // tenant's limits get into each other's way.
    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(0, 4, 2)]
    [InlineData(600, 1, 3)]
    [InlineData(600, 4, 5)]
    public void To_put_a_message_off_costs_a_look_a_write_and_a_copy(int perMinute, int processes, int transactions)
    {
        var run = new Run(perMinute, processes, places: null, others: 0);
        run.Engine.Loop.RunFor(TimeSpan.FromSeconds(10), maxSteps: 20_000_000);
        var (tables, deliveries, sent) = run.Counts();
        run.Engine.Loop.RunFor(TimeSpan.FromMinutes(3), maxSteps: 20_000_000);
        var after = run.Counts();
        double putsOff = after.Deliveries - deliveries;

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{perMinute} a minute, {processes} processes: {putsOff} puts-off of {Backlog} messages in 3 minutes, {(after.Tables - tables) / putsOff:F2} transactions and {(after.Sent - sent) / putsOff:F2} copies each."));
        Assert.InRange(putsOff, 1, 10 * Backlog);
        Assert.InRange((after.Tables - tables) / putsOff, 0, transactions + 0.3);
        Assert.InRange((after.Sent - sent) / putsOff, 0, 1.1);
    }

    [Theory]
    [InlineData(1, 200)]
    [InlineData(4, 200)]
    [InlineData(1, 1_000)]
    [InlineData(4, 1_000)]
    public void A_quick_server_with_a_big_backlog_is_never_put_off(int processes, int milliseconds)
    {
        var time = TimeSpan.FromMilliseconds(milliseconds);
        var engine = Start(LimitRules.None, processes, places: null);
        engine.Provider = async (worker, _) =>
        {
            await worker.Pause(time);
            return SendResult.Sent("taken");
        };
        var backlog = Proof.Count(5_000, minimum: 2_000);
        AcceptAll(engine, backlog);

        engine.Loop.RunUntil(() => engine.History.Calls.Count == backlog, maxSteps: 20_000_000);

        output.WriteLine($"{backlog} messages, {processes} processes: the last was called for after {engine.Loop.Elapsed}.");
        engine.Loop.RunFor(2 * time);
        Assert.Equal(0, engine.CopiesOf<MessageReference>());
        Assert.All(engine.Accepted, id => Assert.Equal(1, engine.Read(id).Attempts));
    }

    // Half of the places are what it has. Where a call takes a little less than two seconds, a slot goes by while its message waits for a place.
    [Theory]
    [InlineData(0, 1, 5)]
    [InlineData(0, 4, 5)]
    [InlineData(600, 1, 5)]
    [InlineData(600, 4, 5)]
    [InlineData(0, 1, 1.7)]
    [InlineData(600, 1, 1.7)]
    [InlineData(600, 4, 1.7)]
    public void A_server_that_is_always_slow_gets_its_mail_about_as_fast_as_half_of_the_places_allow(int perMinute, int processes, double seconds)
    {
        var engine = Start(new LimitRules(perMinute, 0, 0, 0), processes, places: null);
        var time = TimeSpan.FromSeconds(seconds);
        engine.Provider = async (worker, _) =>
        {
            await worker.Pause(time);
            return SendResult.Sent("taken");
        };
        AcceptAll(engine, Backlog);

        engine.RunUntilAll(Backlog, static entry => entry.Status == MessageStatus.Sent, maxSteps: 20_000_000);

        var ideal = time * (Backlog / (Hands / 2.0));
        var putsOff = engine.CopiesOf<MessageReference>() + engine.CopiesOf<SlotReference>();
        output.WriteLine($"{perMinute} a minute, {processes} processes, {time.TotalSeconds} s a call: all sent after {engine.Loop.Elapsed}, which takes {ideal} at best; {putsOff} copies more for {Backlog} messages.");
        Assert.InRange(engine.Loop.Elapsed, ideal * 0.9, ideal * 2.5);
        Assert.InRange(putsOff, 0, 6 * Backlog);
        if (perMinute > 0)
            Assert.InRange(SimHistory.MaxInAnyWindow(engine.History.Times(), TimeSpan.FromMinutes(1)), 1, perMinute);
    }

    private static SimEngine Start(LimitRules limits, int processes, int? places)
    {
        var engine = new SimEngine(seed: 11, new SimEngineSettings
        {
            Policy = SimPolicies.Of(LimitRules.None),
            Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(20) },
            Concurrency = Hands / processes,
            Places = places,
        });
        engine.Policies.Own[Slow] = SimPolicies.Of(limits);
        for (var number = 0; number < processes; number++)
            engine.StartWorker();
        return engine;
    }

    private static void AcceptAll(SimEngine engine, int count)
    {
        for (var number = 0; number < count; number++)
            engine.Loop.Main.Start(() => engine.AcceptAsync(Slow));
    }

    private static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    /// <summary>A backlog of the slow tenant, and others that send one each in two seconds, until a minute after the server is well again.</summary>
    private sealed class Run
    {
        private readonly Dictionary<MessageId, TimeSpan> _accepted = [];
        private readonly List<TimeSpan> _waits = [];
        private readonly List<(MessageId Id, DateTimeOffset At)> _slow = [];
        private readonly string _name;
        private int _expected;

        public Run(int perMinute, int processes, int? places, int others = 9)
        {
            _name = string.Create(CultureInfo.InvariantCulture, $"{perMinute} a minute, {processes} processes{(places is null ? "" : ", not shared")}");
            Engine = Start(new LimitRules(perMinute, 0, 0, 0), processes, places);
            Engine.Provider = CallAsync;
            AcceptAll(Engine, Backlog);
            for (var number = 0; number < others; number++)
            {
                var tenant = Tenant($"other{number}");
                for (var at = TimeSpan.FromMilliseconds(200 * number); at < Hang + TimeSpan.FromMinutes(1); at += TimeSpan.FromSeconds(2))
                    AcceptAt(tenant, at);
            }
        }

        public SimEngine Engine { get; }

        public void SendToEnd() => Engine.Loop.RunUntil(
            () => _waits.Count == _expected && Engine.Accepted.Count == _expected + Backlog && Engine.Queue.Count == 0, maxSteps: 50_000_000);

        public TimeSpan WaitOfOthers(double quantile) => _waits.Order().ElementAt((int)((_waits.Count - 1) * quantile));

        public List<DateTimeOffset> TimesOfSlow() => [.. _slow.Select(static call => call.At)];

        /// <summary>How far from its place in the order of acceptance a message is at most, where the mail of the slow tenant is called for once the server is well.</summary>
        public int Disorder()
        {
            var calls = _slow.Where(static call => call.At - SimLoop.Epoch >= Hang).Select(static call => call.Id).Distinct().ToList();
            var order = calls.Order(Comparer<MessageId>.Create(static (one, other) => string.CompareOrdinal(one.Unique, other.Unique))).ToList();
            return calls.Select((id, index) => Math.Abs(order.IndexOf(id) - index)).Max();
        }

        public (int Tables, int Deliveries, int Sent) Counts() =>
            (Engine.Tables.Sum(static table => table.Transactions), Engine.Queue.Deliveries, Engine.Copies.Values.Sum());

        public string Report() => string.Create(
            CultureInfo.InvariantCulture,
            $"{_name}: {_waits.Count} mails of others wait {WaitOfOthers(0.5).TotalSeconds:F2} s p50, {WaitOfOthers(0.95).TotalSeconds:F2} s p95, {WaitOfOthers(1).TotalSeconds:F2} s at most. "
            + $"All sent after {Engine.Loop.Elapsed.TotalSeconds:F0} s; {_slow.Count} calls for {Backlog} messages, disorder {Disorder()}. "
            + $"Queue: {Engine.Queue.Deliveries} deliveries, {string.Join(", ", Engine.Copies.Select(static pair => $"{pair.Value} {pair.Key.Name}"))}. Table: {Engine.Tables.Sum(static table => table.Transactions)} transactions, {Engine.Tables.Sum(static table => table.Conflicts)} conflicts.");

        private void AcceptAt(TenantId tenant, TimeSpan at)
        {
            _expected++;
            Engine.Loop.After(at, () => Engine.Loop.Main.Start(async () =>
            {
                var accepted = Engine.Loop.Elapsed;
                _accepted[await Engine.AcceptAsync(tenant)] = accepted;
            }));
        }

        private async Task<SendResult> CallAsync(SimContext worker, OutgoingEmail email)
        {
            if (email.Id.Tenant != Slow)
            {
                _waits.Add(Engine.Loop.Elapsed - _accepted[email.Id]);
                await worker.Pause(Healthy);
                return SendResult.Sent("taken");
            }

            _slow.Add((email.Id, Engine.Loop.UtcNow));
            if (Engine.Loop.Elapsed >= Hang)
            {
                await worker.Pause(Healthy);
                return SendResult.Sent("taken");
            }

            await worker.Pause(Hang);
            return SendResult.Failed(SendStatus.Transient, ErrorCategory.Timeout, "The provider did not take the message in time.");
        }
    }
}
