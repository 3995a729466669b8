using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>
/// What a message costs, counted at the ports once caches are warm: table transactions (a read, a query, a batch) and enqueues. The
/// table in docs/operations.md says the same.
/// </summary>
public sealed class OperationTests
{
    [Fact]
    public async Task A_message_on_time_costs_four_transactions_and_one_enqueue()
    {
        await using var bench = await WarmBenchAsync(perMinute: 60);

        await DeliverAsync(bench);

        Assert.Equal((1, 0, 3), Counts(bench));
        Assert.Single(bench.Queue.Messages);
    }

    [Fact]
    public async Task A_message_of_a_tenant_without_limits_costs_the_same()
    {
        await using var bench = await WarmBenchAsync(perMinute: 0);

        await DeliverAsync(bench);

        Assert.Equal((1, 0, 3), Counts(bench));
        Assert.Single(bench.Queue.Messages);
    }

    [Fact]
    public async Task A_message_beyond_the_limit_costs_three_transactions_and_one_enqueue_more()
    {
        await using var bench = await WarmBenchAsync(perMinute: 1);

        await DeliverAsync(bench);
        await DispatchNextAsync(bench);

        Assert.Equal(2, bench.Provider.Given.Count);
        Assert.Equal((2, 1, 4), Counts(bench));
        Assert.Equal(2, bench.Queue.Messages.Count + 1);
    }

    [Fact]
    public async Task Messages_of_one_tenant_that_are_dispatched_together_share_their_claims()
    {
        await using var bench = await WarmBenchAsync(perMinute: 100);
        var ids = new List<MessageId>();
        for (var number = 0; number < 20; number++)
            ids.Add(await bench.AcceptAsync());
        bench.Table.ResetCounts();

        await Task.WhenAll(ids.Select(bench.DispatchAsync));

        Assert.Equal(20 + 1, bench.Provider.Given.Count);
        // A read and an outcome each; all but the first claim wait for its write, and go together.
        Assert.InRange(bench.Table.Writes, 21, 23);
        Assert.Equal(20, bench.Table.Reads);
    }

    [Fact]
    public async Task A_repeated_request_costs_a_refused_insert_and_a_read()
    {
        await using var bench = await WarmBenchAsync(perMinute: 60);
        await bench.AcceptAsync(key: "once");
        bench.Table.ResetCounts();
        bench.Queue.Messages.Clear();

        await bench.AcceptAsync(key: "once");

        Assert.Equal((1, 0, 1), Counts(bench));
        Assert.Empty(bench.Queue.Messages);
    }

    // Reads, queries, batches.
    private static (int Reads, int Queries, int Writes) Counts(DeliveryBench bench) => (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes);

    private static async Task<DeliveryBench> WarmBenchAsync(int perMinute)
    {
        var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = $"{perMinute}" });
        await bench.DispatchAsync(await bench.AcceptAsync());
        Assert.Single(bench.Provider.Given);
        bench.Table.ResetCounts();
        bench.Queue.Messages.Clear();
        return bench;
    }

    private static async Task DeliverAsync(DeliveryBench bench) => await bench.DispatchAsync(await bench.AcceptAsync());

    // What is on the queue beside the message's own copy, once its time has come.
    private static async Task DispatchNextAsync(DeliveryBench bench)
    {
        Assert.True(bench.Queue.Messages.TryDequeue(out _));
        Assert.True(bench.Queue.Messages.TryPeek(out var slot));
        // Past the slot's time, before which the copy would wait.
        bench.Clock.Advance(slot.VisibleAt!.Value - bench.Clock.GetUtcNow() + TimeSpan.FromSeconds(1));
        await bench.Get<DispatchFunction>().RunAsync(slot.Body, TestContext.Current.CancellationToken);
    }
}
