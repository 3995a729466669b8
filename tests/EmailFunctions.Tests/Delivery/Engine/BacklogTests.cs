using EmailFunctions.Delivery;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>A thousand messages at ten a minute: each is put off once, and no more, whatever happens on the way.</summary>
public sealed class BacklogTests(ITestOutputHelper output)
{
    private const int Messages = 1_000;
    private const int PerMinute = 10;

    private static readonly TenantId Tenant = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Each_message_beyond_the_limit_is_put_off_exactly_once(int workers)
    {
        var engine = Start(workers);
        AcceptAll(engine);

        RunToEnd(engine, Messages);

        Report(engine);
        Assert.Equal(Messages - PerMinute, engine.CopiesOf<SlotReference>());
        Assert.Equal(0, engine.CopiesOf<MessageReference>());
        // An hour is booked ahead at once, so the first hour needs none.
        Assert.InRange(engine.CopiesOf<WakeUpReference>(), 1, (int)engine.Loop.Elapsed.TotalHours);
        Assert.True(engine.Loop.Elapsed < TimeSpan.FromMinutes(106), $"The last was sent after {engine.Loop.Elapsed}.");
        Assert.True(SimHistory.MaxInAnyWindow(engine.History.Times(), TimeSpan.FromMinutes(1)) <= PerMinute);
    }

    [Fact]
    public void An_urgent_message_takes_one_of_the_next_two_slots_and_costs_one_more_copy()
    {
        var engine = Start(workers: 4);
        AcceptAll(engine);
        engine.Loop.RunFor(TimeSpan.FromMinutes(30));
        var arrival = engine.Loop.UtcNow;
        MessageId? urgent = null;
        engine.Loop.Run(async () => urgent = await engine.AcceptAsync(Tenant, MessagePriority.High));

        RunToEnd(engine, Messages + 1);

        // By their slots: those of one instant are all sent then, each by its own process's clock.
        var slot = SlotOf(engine, urgent!);
        var earlier = engine.Accepted.Select(id => SlotOf(engine, id)).Count(other => other > arrival + TimeSpan.FromSeconds(1) && other < slot);
        Report(engine);
        output.WriteLine($"{earlier} slots passed before the one that the urgent message took, {slot - arrival} after it came.");
        Assert.InRange(earlier, 0, 1);
        Assert.Equal(Messages - PerMinute + 1, engine.CopiesOf<SlotReference>());
    }

    [Fact]
    public void A_limit_that_is_raised_half_way_sends_the_rest_at_the_new_rate()
    {
        const int Raised = 100;
        var engine = Start(workers: 4);
        AcceptAll(engine);
        engine.Loop.RunUntil(() => engine.History.Calls.Count >= Messages / 2);
        var raisedAt = engine.Loop.UtcNow;
        var left = Messages - engine.History.Calls.Count;
        engine.Loop.Run(() => engine.ChangeAsync(Tenant, SimPolicies.Of(new LimitRules(Raised, 0, 0, 0))));

        RunToEnd(engine, Messages);

        Report(engine);
        var took = engine.Loop.UtcNow - raisedAt;
        output.WriteLine($"The {left} left took {took}.");
        Assert.True(took < TimeSpan.FromMinutes(((double)left / Raised) + 1), $"The rest took {took}.");
        Assert.True(SimHistory.MaxInAnyWindow(engine.History.Times(call => call.At > raisedAt), TimeSpan.FromMinutes(1)) <= Raised);
        // Booked once by the old plan, and, those that were left, once more by the new one.
        Assert.InRange(engine.CopiesOf<SlotReference>(), 1, Messages - PerMinute + left);
    }

    [Fact]
    public void A_raised_limit_does_not_wait_for_the_next_slot_of_the_old_one()
    {
        var engine = Start(workers: 4, new LimitRules(0, 1, 0, 0));
        engine.Loop.Run(async () =>
        {
            for (var number = 0; number < 20; number++)
                await engine.AcceptAsync(Tenant);
        });
        engine.Loop.RunFor(TimeSpan.FromSeconds(20));
        Assert.Single(engine.History.Calls);

        engine.Loop.Run(() => engine.ChangeAsync(Tenant, SimPolicies.Of(new LimitRules(100, 0, 0, 0))));
        engine.Loop.RunFor(TimeSpan.FromMinutes(1));

        Assert.Equal(20, engine.History.Calls.Count);
    }

    [Fact]
    public void A_limit_that_is_lowered_holds_for_what_waits_already()
    {
        const int Lowered = 5;
        var engine = Start(workers: 4);
        AcceptAll(engine);
        engine.Loop.RunFor(TimeSpan.FromMinutes(20));
        var loweredAt = engine.Loop.UtcNow;
        engine.Loop.Run(() => engine.ChangeAsync(Tenant, SimPolicies.Of(new LimitRules(Lowered, 0, 0, 0))));

        engine.Loop.RunFor(TimeSpan.FromMinutes(30));

        // What was taken from the line before the change may still be on its way for a minute.
        var after = engine.History.Times(call => call.At > loweredAt + TimeSpan.FromMinutes(1));
        Assert.True(SimHistory.MaxInAnyWindow(after, TimeSpan.FromMinutes(1)) <= Lowered);
        Assert.InRange(after.Count, 29 * Lowered * 0.95 * 0.95, 29 * Lowered);
    }

    private static DateTimeOffset SlotOf(SimEngine engine, MessageId id) =>
        engine.Read(id).History.Last(static line => line.Status == "sending").At;

    private static SimEngine Start(int workers, LimitRules? limits = null)
    {
        var engine = new SimEngine(Proof.Seed, new SimEngineSettings
        {
            Policy = SimPolicies.Of(limits ?? new LimitRules(PerMinute, 0, 0, 0)),
            Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(30) },
        });
        for (var number = 0; number < workers; number++)
            engine.StartWorker();
        engine.StartSweeper(Tenant, TimeSpan.FromSeconds(60));
        return engine;
    }

    private static void AcceptAll(SimEngine engine) => engine.Loop.Run(async () =>
    {
        for (var number = 0; number < Messages; number++)
            await engine.AcceptAsync(Tenant);
    });

    private static void RunToEnd(SimEngine engine, int messages) =>
        engine.Loop.RunUntil(() => engine.History.Calls.Count == messages && engine.Read(engine.Accepted[^1]).Status == MessageStatus.Sent, maxSteps: 5_000_000);

    private void Report(SimEngine engine) => output.WriteLine(
        $"Seed {Proof.Seed}: {engine.CopiesOf<SlotReference>()} slots, {engine.CopiesOf<WakeUpReference>()} wake-ups, {engine.CopiesOf<MessageReference>()} others; "
        + $"{engine.Tables.Sum(static table => table.Transactions)} transactions, {engine.Tables.Sum(static table => table.Conflicts)} lost writes; the last after {engine.Loop.Elapsed}");
}
