using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

public sealed class MessageDispatcherTests
{
    [Fact]
    public async Task Ten_copies_of_a_reference_at_once_send_one_mail()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.AcceptAsync();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => bench.DispatchAsync(id)));
        await bench.DispatchAsync(id);

        Assert.Single(bench.Provider.Given);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task A_sent_message_has_no_content_no_due_row_and_its_usage_and_audit()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.AcceptAsync(recipients: 3);

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Null(entry.Payload);
        Assert.False(entry.PayloadStored);
        Assert.Equal(["queued", "sending", "sent"], entry.History.Select(static line => line.Status));
        Assert.Empty(await bench.RowsAsync("due-"));
        Assert.Single(await bench.RowsAsync("usage-"));
        Assert.Equal(3, (await bench.RowsAsync("audit-")).Count);
    }

    [Fact]
    public async Task An_on_time_mail_costs_four_table_transactions_and_one_enqueue()
    {
        await using var bench = new DeliveryBench();
        await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Table.ResetCounts();
        bench.Queue.Messages.Clear();

        await bench.DispatchAsync(await bench.AcceptAsync());

        Assert.Equal((1, 0, 3), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
        Assert.Single(bench.Queue.Messages);
    }

    [Fact]
    public async Task A_hundred_recipients_are_a_hundred_audit_rows_and_one_transaction_more()
    {
        await using var bench = new DeliveryBench();
        await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Table.ResetCounts();

        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 100));

        Assert.Equal(5, bench.Table.Transactions);
        Assert.Equal(101, (await bench.RowsAsync("audit-")).Count);
    }

    [Fact]
    public async Task A_transient_failure_defers_the_message_and_schedules_its_next_attempt()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        var deferred = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, "retry", "network"), (deferred.Status, deferred.Reason, deferred.ErrorCategory));
        Assert.Equal(bench.Clock.GetUtcNow() + TimeSpan.FromSeconds(0.5), deferred.DueAt);
        Assert.Equal(deferred.DueAt, bench.Queue.Messages.Last().VisibleAt);
        Assert.NotNull(deferred.Payload);
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        await bench.DispatchAsync(id);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task A_copy_that_comes_long_before_the_retry_is_due_does_nothing()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RETRY_BASE_SECONDS"] = "600", ["EMAIL_RETRY_MAX_SECONDS"] = "600" });
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);

        await bench.DispatchAsync(id);

        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task The_last_attempt_makes_a_dead_letter_that_keeps_its_content()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = "3" });
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route");
        var id = await bench.AcceptAsync();

        for (var attempt = 0; attempt < 5; attempt++)
        {
            await bench.DispatchAsync(id);
            bench.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        var dead = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.DeadLettered, 3), (dead.Status, dead.Attempts));
        Assert.NotNull(dead.Payload);
        Assert.Equal(3, bench.Provider.Given.Count);
        Assert.Empty(await bench.RowsAsync("due-"));
        Assert.False((await bench.RowsAsync("usage-")).Single().GetBoolean("success"));
    }

    [Fact]
    public async Task A_permanent_failure_is_final_at_once()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Permanent, ErrorCategory.Recipient, "550 5.1.1 no such user");
        var id = await bench.AcceptAsync(bodyBytes: 200_000);

        await bench.DispatchAsync(id);

        var failed = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Failed, "recipient"), (failed.Status, failed.ErrorCategory));
        Assert.Empty(Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories));
        Assert.Equal("failed", (await bench.RowsAsync("audit-")).Single().GetString("status"));
    }

    [Fact]
    public async Task A_provider_that_asks_to_wait_is_given_its_time()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromMinutes(7) };
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        Assert.Equal(bench.Clock.GetUtcNow() + TimeSpan.FromMinutes(7), (await bench.ReadAsync(id)).DueAt);
    }

    [Fact]
    public async Task An_unclear_outcome_is_written_down_as_unknown_and_sent_again()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Unknown, ErrorCategory.Timeout, "no answer") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        Assert.Equal("outcome_unknown", (await bench.ReadAsync(id)).Reason);
        bench.Clock.Advance(TimeSpan.FromSeconds(5));
        await bench.DispatchAsync(id);

        Assert.Equal(["queued", "sending", "unknown", "deferred", "sending", "sent"], (await bench.ReadAsync(id)).History.Select(static line => line.Status));
    }

    [Fact]
    public async Task Partly_refused_mail_is_sent_and_names_the_refused_by_position()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Sent("taken") with { RefusedRecipients = [1] };
        var id = await bench.AcceptAsync(recipients: 3);

        await bench.DispatchAsync(id);

        Assert.Equal([1], (await bench.ReadAsync(id)).RefusedRecipients);
        Assert.Equal(2, (await bench.RowsAsync("usage-")).Single().GetInt64("recipients"));
        Assert.Equal(["failed", "sent", "sent"], (await bench.RowsAsync("audit-")).Select(static row => row.GetString("status")).Order());
    }

    [Fact]
    public async Task A_reference_to_nothing_does_nothing()
    {
        await using var bench = new DeliveryBench();

        await bench.DispatchAsync(MessageId.New(DeliveryBench.Tenant, bench.Clock.GetUtcNow()));
        await bench.Get<DispatchFunction>().RunAsync("rubbish"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Empty(bench.Provider.Given);
    }
}
