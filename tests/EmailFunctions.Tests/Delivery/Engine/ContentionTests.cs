using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>A hundred instances that write the limits of one tenant: what the conflicts cost, and that all of it ends.</summary>
public sealed class ContentionTests(ITestOutputHelper output)
{
    private static readonly TenantId Tenant = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    [Theory]
    [InlineData(1, 1_000_000)]
    [InlineData(10, 1_000_000)]
    [InlineData(100, 1_000_000)]
    [InlineData(1, 200)]
    [InlineData(10, 200)]
    [InlineData(100, 200)]
    public void Conflicts_per_message_stay_bounded(int instances, int perMinute)
    {
        const int Messages = 1_000;
        var engine = new SimEngine(Proof.Seed, new SimEngineSettings
        {
            // All at once, on time or in bursts of a whole minute's slots: the worst that can be.
            Policy = SimPolicies.Of(new LimitRules(perMinute, 0, 0, 0)),
            Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(20) },
            Concurrency = 16,
        });
        for (var number = 0; number < instances; number++)
            engine.StartWorker();
        engine.Loop.Run(async () =>
        {
            for (var number = 0; number < Messages; number++)
                await engine.AcceptAsync(Tenant);
        });

        engine.Loop.RunUntil(() => engine.History.Calls.Count == Messages, maxSteps: 5_000_000);
        engine.Loop.RunFor(TimeSpan.FromSeconds(10));

        var conflicts = engine.Tables.Sum(static table => table.Conflicts);
        var transactions = engine.Tables.Sum(static table => table.Transactions);
        output.WriteLine(
            $"Seed {Proof.Seed}, {instances} instances: {(double)conflicts / Messages:F2} lost writes and {(double)transactions / Messages:F2} transactions a message at {perMinute} a minute, "
            + $"{engine.Loop.Elapsed.TotalSeconds:F1} s for {Messages}, delivered {engine.Queue.Deliveries} times");
        Assert.All(engine.Accepted, id => Assert.Equal(MessageStatus.Sent, engine.Read(id).Status));
        Assert.Equal(Messages, engine.History.Calls.Count);
        Assert.True(conflicts <= 3 * Messages);
    }
}
