using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>What happens between a claim and its outcome when the store, or the process, fails.</summary>
public sealed class ClaimTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_write_that_took_place_but_answered_an_error_sends_one_mail(int lostAnswer)
    {
        await using var bench = new DeliveryBench();
        await WarmUpAsync(bench);
        var id = await bench.AcceptAsync();
        bench.Table.ResetCounts();
        bench.Table.OnWrite = write => write == lostAnswer ? TableFault.After : TableFault.None;

        await DispatchUntilDoneAsync(bench, id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.Sent, entry.Status);
        Assert.Equal(2, bench.Provider.Given.Count);
        Assert.Equal(2, (await bench.RowsAsync("usage-")).Count);
        // Whether a claim took place is settled by looking, before anything is sent.
        Assert.DoesNotContain(entry.History, static line => line.Status == HistoryEntry.Unknown);
    }

    [Fact]
    public async Task A_message_that_is_late_for_its_slot_takes_another_one()
    {
        await using var bench = new DeliveryBench();
        await WarmUpAsync(bench);
        var id = await bench.AcceptAsync();
        bench.Table.ResetCounts();
        // The claim's own write takes longer than the time of a slot may be off.
        bench.Table.OnWrite = write =>
        {
            if (write == 1)
                bench.Clock.Advance(TimeSpan.FromSeconds(2));
            return TableFault.None;
        };

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, 1), (entry.Status, entry.Attempts));
        Assert.Equal(2, entry.History.Count(static line => line.Status == "sending"));
        Assert.Equal(2, bench.Provider.Given.Count);
    }

    [Fact]
    public async Task An_outcome_waits_for_a_store_that_is_down()
    {
        await using var bench = new DeliveryBench();
        await WarmUpAsync(bench);
        var id = await bench.AcceptAsync();
        bench.Table.ResetCounts();
        bench.Table.OnWrite = static write => write is >= 2 and <= 5 ? TableFault.Before : TableFault.None;

        var dispatch = bench.DispatchAsync(id);
        await AdvanceUntilAsync(bench, dispatch);

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        Assert.Equal(2, bench.Provider.Given.Count);
    }

    [Fact]
    public async Task A_claim_of_a_living_process_is_left_alone_and_an_abandoned_one_is_sent_again_as_unknown()
    {
        await using var bench = new DeliveryBench(claims: new ClaimPolicy("here", IsOnlyProcess: false));
        var id = await bench.AcceptAsync();
        await ClaimElsewhereAsync(bench, id);

        await bench.DispatchAsync(id);
        Assert.Empty(bench.Provider.Given);
        bench.Clock.Advance(ClaimPolicy.Lifetime + ClaimPolicy.ClockDifference + TimeSpan.FromSeconds(1));
        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, 2), (entry.Status, entry.Attempts));
        Assert.Contains(entry.History, static line => line.Status == HistoryEntry.Unknown);
    }

    [Fact]
    public async Task The_only_process_takes_over_at_once_what_a_dead_one_had_claimed()
    {
        await using var bench = new DeliveryBench(claims: new ClaimPolicy("here", IsOnlyProcess: true));
        var id = await bench.AcceptAsync();
        await ClaimElsewhereAsync(bench, id);

        await bench.DispatchAsync(id);

        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task A_message_whose_last_attempt_died_is_a_dead_letter_with_usage_and_audit()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = "1" });
        var id = await bench.AcceptAsync();
        await ClaimElsewhereAsync(bench, id);

        await bench.DispatchAsync(id);

        Assert.Empty(bench.Provider.Given);
        Assert.Equal(MessageStatus.DeadLettered, (await bench.ReadAsync(id)).Status);
        Assert.Single(await bench.RowsAsync("usage-"));
        Assert.Single(await bench.RowsAsync("audit-"));
    }

    [Fact]
    public async Task A_sweep_that_touches_the_row_during_the_send_does_not_lose_the_outcome()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.AcceptAsync();
        bench.Provider.During = async token =>
        {
            bench.Clock.Advance(MessageSweep.Margin + TimeSpan.FromSeconds(1));
            await bench.Get<MessageSweep>().RunAsync(token);
        };

        await bench.DispatchAsync(id);

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        Assert.Empty(await bench.RowsAsync("due-"));
    }

    // The tenant's first mail, with which its hash key is made: the writes that a test counts come after.
    private static async Task WarmUpAsync(DeliveryBench bench) => await bench.DispatchAsync(await bench.AcceptAsync());

    private static async Task ClaimElsewhereAsync(DeliveryBench bench, MessageId id)
    {
        var entry = await bench.ReadAsync(id);
        var now = bench.Clock.GetUtcNow();
        var claimed = entry with { Status = MessageStatus.Sending, Attempts = 1, ClaimedBy = "elsewhere", ClaimedUntil = now + ClaimPolicy.Lifetime };
        Assert.NotNull(await bench.Ledger.WriteAsync([.. Ledger.Change(entry, claimed)], TestContext.Current.CancellationToken));
    }

    // As a queue does: a delivery that fails comes again, here after the claim's time.
    private static async Task DispatchUntilDoneAsync(DeliveryBench bench, MessageId id)
    {
        for (var delivery = 0; delivery < 3; delivery++)
        {
            try
            {
                var dispatch = bench.DispatchAsync(id);
                await AdvanceUntilAsync(bench, dispatch);
            }
            catch (StoreUnavailableException)
            {
                bench.Clock.Advance(ClaimPolicy.Lifetime * 2);
            }
        }
    }

    private static async Task AdvanceUntilAsync(DeliveryBench bench, Task task)
    {
        for (var step = 0; !task.IsCompleted && step < 2_000; step++)
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(task, Task.Delay(5, TestContext.Current.CancellationToken));
        }

        await task;
    }
}
