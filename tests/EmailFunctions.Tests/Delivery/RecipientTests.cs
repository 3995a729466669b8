using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Delivery;

/// <summary>Outcomes that differ from recipient to recipient: each has the message once, and only the rest is sent again.</summary>
public sealed class RecipientTests
{
    [Fact]
    public async Task A_message_of_more_recipients_than_a_call_takes_goes_out_in_several()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 50;
        await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Provider.Given.Clear();
        var id = await bench.AcceptAsync(recipients: 100);
        bench.Table.ResetCounts();

        await bench.DispatchAsync(id);

        Assert.Equal([Range(0, 50), Range(50, 50)], bench.Provider.Given.Select(static email => email.Recipients));
        Assert.All(bench.Provider.Given, static email => Assert.Equal(100, email.Content.To.Count));
        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, 1), (entry.Status, entry.Attempts));
        Assert.Empty(entry.TakenRecipients);
        // Claim, first call, outcome: the call beyond the first costs one more.
        Assert.Equal(3, bench.Table.Writes);
        var report = await UsageAsync(bench);
        Assert.Equal((2L, 101L), (report.TotalEmails, report.TotalRecipients));
        Assert.Equal(101, (await bench.RowsAsync("audit-")).Count(static row => row.GetString("status") == "sent"));
    }

    [Fact]
    public async Task A_process_that_dies_between_two_calls_leaves_only_the_rest_to_be_sent()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 50;
        var id = await bench.AcceptAsync(recipients: 100);
        bench.Provider.During = _ => bench.Provider.Given.Count == 2 ? Hang() : Task.CompletedTask;

        _ = bench.DispatchAsync(id);
        while (bench.Provider.Given.Count < 2)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.Equal(Range(0, 50), (await bench.ReadAsync(id)).TakenRecipients);
        bench.Provider.During = static _ => Task.CompletedTask;
        bench.Clock.Advance(TimeSpan.FromMinutes(11));
        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal(Range(50, 50), bench.Provider.Given.Last().Recipients);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);

        static Task Hang() => Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_call_that_fails_for_now_leaves_the_rest_for_the_next_attempt()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 40;
        bench.Provider.Answer = static call => call == 2 ? SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "503") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync(recipients: 100);

        await bench.DispatchAsync(id);
        var waiting = await bench.ReadAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal((MessageStatus.Deferred, 40), (waiting.Status, waiting.TakenRecipients.Length));
        Assert.Equal([Range(0, 40), Range(40, 40), Range(40, 40), Range(80, 20)], bench.Provider.Given.Select(static email => email.Recipients));
        Assert.Equal((MessageStatus.Sent, 2), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Attempts));
        var report = await UsageAsync(bench);
        Assert.Equal((1L, 1L, 100L), (report.TotalEmails, report.SuccessfulEmails, report.TotalRecipients));
    }

    [Fact]
    public async Task Recipients_that_a_call_was_refused_for_do_not_keep_the_others_from_it()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 50;
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Permanent, ErrorCategory.Recipient, "bad address") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync(recipients: 100);

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.Sent, entry.Status);
        Assert.Equal(Range(0, 50), entry.RefusedRecipients);
        Assert.Equal((50, 50), Counts(await bench.RowsAsync("audit-")));
    }

    [Fact]
    public async Task Content_that_is_refused_for_some_is_sent_to_nobody_else()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 40;
        bench.Provider.Answer = static call => call == 2 ? SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, "spam") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync(recipients: 100);

        await bench.DispatchAsync(id);

        Assert.Equal(2, bench.Provider.Given.Count);
        var entry = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.Sent, entry.Status);
        Assert.Equal(Range(40, 60), entry.RefusedRecipients);
    }

    [Fact]
    public async Task Recipients_that_are_refused_for_now_are_tried_again_and_the_others_are_not()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Sent("taken") with { RefusedRecipients = [1], DeferredRecipients = [2, 4] }
            : SendResult.Sent("taken");
        var id = await bench.AcceptAsync(recipients: 5);

        await bench.DispatchAsync(id);
        var waiting = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, "retry", "recipient", 1), (waiting.Status, waiting.Reason, waiting.ErrorCategory, waiting.Failures));
        Assert.Equal([0, 3], waiting.TakenRecipients);
        Assert.Equal((1, 2), Counts(await bench.RowsAsync("audit-")));
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal([2, 4], bench.Provider.Given.Last().Recipients);
        var entry = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.Sent, entry.Status);
        Assert.Equal([1], entry.RefusedRecipients);
        Assert.Equal((1, 4), Counts(await bench.RowsAsync("audit-")));
        Assert.Equal(4, (await UsageAsync(bench)).TotalRecipients);
    }

    [Fact]
    public async Task Recipients_that_stay_refused_for_now_end_as_a_dead_letter_whose_replay_is_for_them_alone()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = "3" });
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Sent("taken") with { DeferredRecipients = [1] }
            : SendResult.Failed(SendStatus.Transient, ErrorCategory.Recipient, "450 later");
        var id = await bench.AcceptAsync(recipients: 2);

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(12));
        Assert.Equal(MessageStatus.DeadLettered, (await bench.ReadAsync(id)).Status);
        bench.Provider.Answer = static _ => SendResult.Sent("taken");
        using var answer = await bench.Client.PostAsync($"/api/v1/admin/email/dead-letters/{id}/replay", null, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal([1], bench.Provider.Given.Last().Recipients);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        Assert.Equal(2, (await UsageAsync(bench)).TotalRecipients);
    }

    [Fact]
    public async Task A_refusal_of_the_last_ones_leaves_those_who_were_put_off_before()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 2;
        bench.Provider.Answer = static call => call switch
        {
            1 => SendResult.Sent("taken") with { DeferredRecipients = [1] },
            2 => SendResult.Failed(SendStatus.Permanent, ErrorCategory.Recipient, "no such user"),
            _ => SendResult.Sent("taken"),
        };
        var id = await bench.AcceptAsync(recipients: 4);

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal([[0, 1], [2, 3], [1]], bench.Provider.Given.Select(static email => email.Recipients));
        var entry = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.Sent, entry.Status);
        Assert.Equal([2, 3], entry.RefusedRecipients);
    }

    [Fact]
    public async Task A_part_that_was_written_though_its_answer_was_lost_counts_once()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 50;
        var id = await bench.AcceptAsync(recipients: 100);
        bench.Provider.During = _ =>
        {
            if (bench.Provider.Given.Count == 1)
            {
                bench.Table.ResetCounts();
                bench.Table.OnWrite = static write => write == 1 ? TableFault.After : TableFault.None;
            }

            return Task.CompletedTask;
        };

        var dispatch = bench.DispatchAsync(id);
        while (!dispatch.IsCompleted)
        {
            bench.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await dispatch;

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        Assert.Equal(100, (await UsageAsync(bench)).TotalRecipients);
    }

    [Fact]
    public async Task A_fallback_gets_only_those_whom_the_first_provider_did_not_take()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","monthly_budget_usd":10""");
        bench.Primary.MaxRecipientsPerCall = 50;
        bench.Primary.Answer = static call => call == 2 ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.Quota, "daily quota") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync(recipients: 100);

        await bench.DispatchAsync(id);

        Assert.Equal(Range(50, 50), bench.Fallback.Given.Single().Recipients);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        var report = await UsageAsync(bench);
        Assert.Equal((1L, 100L, 0.05m, 0.15m), (report.TotalEmails, report.TotalRecipients, report.CostByProvider["smtp"], report.CostByProvider["console"]));
        var limits = await bench.Get<EmailFunctions.Delivery.Lanes.TenantLanes>().ReadAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken);
        Assert.Equal(0.2m, limits!.Month.Used);
    }

    private static int[] Range(int first, int count) => [.. Enumerable.Range(first, count)];

    private static (int Failed, int Sent) Counts(IReadOnlyList<EmailFunctions.Storage.Entity> audit) =>
        (audit.Count(static row => row.GetString("status") == "failed"), audit.Count(static row => row.GetString("status") == "sent"));

    private static async Task<UsageReport> UsageAsync(DeliveryBench bench) => UsageReport.Of(await bench.Get<UsageReader>().ReadAsync(
        DeliveryBench.Tenant, new UsagePeriod(bench.Clock.GetUtcNow().AddDays(-2), bench.Clock.GetUtcNow().AddDays(2), UsageGrouping.Day), TestContext.Current.CancellationToken));
}
