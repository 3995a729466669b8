using EmailFunctions.Delivery;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>A line whose first message costs more than is left of the month's budget.</summary>
public sealed class BudgetLineTests(ITestOutputHelper output)
{
    private const int Messages = 10;

    private static readonly TenantId Tenant = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    [Fact]
    public void A_line_that_the_budget_holds_up_rests_until_the_next_month()
    {
        // Three messages of three recipients a month, and what is left is too little for a fourth.
        var engine = new SimEngine(Proof.Seed, new SimEngineSettings { Policy = SimPolicies.Of(new LimitRules(0, 0, 0, 0.0010m), cost: 0.0001m) });
        engine.StartWorker();
        engine.StartSweeper(Tenant, TimeSpan.FromHours(1));
        engine.Loop.Run(async () =>
        {
            for (var number = 0; number < Messages; number++)
                await engine.AcceptAsync(Tenant, recipients: 3);
        });

        engine.RunUntilAll(Messages, static entry => entry.Status == MessageStatus.Sent);

        var (slots, wakeUps) = (engine.CopiesOf<SlotReference>(), engine.CopiesOf<WakeUpReference>());
        output.WriteLine($"Seed {Proof.Seed}: {slots} slots, {wakeUps} wake-ups in {engine.Loop.Elapsed}");
        Assert.Equal([3, 3, 3, 1], engine.History.Calls.CountBy(static call => call.At.Month).Select(static month => month.Value));
        Assert.InRange(slots, Messages - 3, 2 * Messages);
        Assert.InRange(wakeUps, 3, 6);
    }
}
