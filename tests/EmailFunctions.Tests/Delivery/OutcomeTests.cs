using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>What becomes of a message by the class of its provider's answer.</summary>
public sealed class OutcomeTests
{
    [Fact]
    public async Task Too_much_is_no_failure_and_lets_the_whole_tenant_wait_once()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromMinutes(5) }
            : SendResult.Sent("taken");
        var (first, second) = (await bench.AcceptAsync(), await bench.AcceptAsync());

        await bench.DispatchAsync(first);
        await bench.DispatchAsync(second);

        var (one, two) = (await bench.ReadAsync(first), await bench.ReadAsync(second));
        Assert.Equal((MessageStatus.Deferred, "provider", 0), (one.Status, one.Reason, one.Failures));
        // The second was not even tried.
        Assert.Equal((MessageStatus.Deferred, "provider", 0), (two.Status, two.Reason, two.Attempts));
        Assert.Single(bench.Provider.Given);
        await bench.RunQueueAsync(TimeSpan.FromMinutes(6));
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(first)).Status);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(second)).Status);
        Assert.Equal(3, bench.Provider.Given.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task A_throttled_message_is_never_given_up(int perMinute)
    {
        await using var bench = Bench(perMinute);
        bench.Provider.Answer = static call => call <= 30
            ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down")
            : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(2));

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, 0), (entry.Status, entry.Failures));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task A_short_pause_is_kept_too(int perMinute)
    {
        await using var bench = Bench(perMinute);
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromSeconds(1) }
            : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        var waiting = await bench.ReadAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromSeconds(3));

        Assert.Equal(MessageStatus.Deferred, waiting.Status);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task A_sweep_between_claim_and_outcome_does_no_harm(int perMinute)
    {
        await using var bench = Bench(perMinute);
        await bench.DispatchAsync(await bench.AcceptAsync());
        var id = await bench.AcceptAsync();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down");
        bench.Provider.During = async _ =>
        {
            bench.Clock.Advance(TimeSpan.FromMinutes(1));
            await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken);
        };

        await bench.DispatchAsync(id);

        Assert.Equal((MessageStatus.Deferred, "provider"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Reason));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task A_mistake_in_the_configuration_holds_mail_until_that_is_changed(int perMinute)
    {
        await using var bench = Bench(perMinute);
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "wrong password")
            : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);

        var held = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, "configuration", true, "auth"), (held.Status, held.Reason, held.IsHeld, held.ErrorCategory));
        await bench.RunQueueAsync(TimeSpan.FromDays(1));
        Assert.Single(bench.Provider.Given);
        await bench.ChangeConfigAsync();
        await bench.RunQueueAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task A_permanent_refusal_fails_at_once()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Permanent, ErrorCategory.Recipient, "no such user");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        Assert.Equal(MessageStatus.Failed, (await bench.ReadAsync(id)).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task Transient_failures_end_as_a_dead_letter_with_the_payload(int perMinute)
    {
        await using var bench = Bench(perMinute);
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Recipient, "try later");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromDays(1));

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.DeadLettered, 8, 8), (entry.Status, entry.Attempts, entry.Failures));
        Assert.NotNull(entry.Payload);
        Assert.Single(await bench.RowsAsync("dead-"));
    }

    [Fact]
    public async Task A_message_is_not_tried_again_after_its_age()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RETRY_MAX_AGE_SECONDS"] = "20", ["EMAIL_RETRY_BASE_SECONDS"] = "30", ["EMAIL_RETRY_MAX_SECONDS"] = "3600" });
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "try later");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        var entry = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.DeadLettered, entry.Status);
        Assert.InRange(entry.Attempts, 2, 3);
    }

    [Fact]
    public async Task A_provider_that_fails_again_and_again_is_left_alone_and_then_asked_with_one_message()
    {
        await using var bench = Bench(perMinute: 0);
        var works = false;
        bench.Provider.Answer = _ => works ? SendResult.Sent("taken") : SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route");
        var ids = new List<MessageId>();
        for (var number = 0; number < 20; number++)
            ids.Add(await bench.AcceptAsync());

        foreach (var id in ids)
            await bench.DispatchAsync(id);

        // Five were tried; the others have lost no attempt.
        Assert.Equal(5, bench.Provider.Given.Count);
        Assert.All(await Task.WhenAll(ids.Skip(5).Select(bench.ReadAsync)), static entry => Assert.Equal((MessageStatus.Deferred, "provider", 0), (entry.Status, entry.Reason, entry.Attempts)));
        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        foreach (var id in ids.Skip(5))
            await bench.DispatchAsync(id);
        Assert.Equal(6, bench.Provider.Given.Count);
        works = true;
        await bench.RunQueueAsync(TimeSpan.FromHours(3));
        Assert.All(await Task.WhenAll(ids.Select(bench.ReadAsync)), static entry => Assert.Equal(MessageStatus.Sent, entry.Status));
    }

    [Fact]
    public async Task The_line_of_a_tenant_with_limits_waits_with_its_provider()
    {
        await using var bench = Bench(perMinute: 10);
        var works = false;
        bench.Provider.Answer = _ => works ? SendResult.Sent("taken") : SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route");
        var ids = new List<MessageId>();
        for (var number = 0; number < 30; number++)
            ids.Add(await bench.AcceptAsync());

        foreach (var id in ids)
            await bench.DispatchAsync(id);
        var tried = bench.Provider.Given.Count;
        works = true;
        await bench.RunQueueAsync(TimeSpan.FromHours(3));

        Assert.Equal(5, tried);
        Assert.All(await Task.WhenAll(ids.Select(bench.ReadAsync)), static entry => Assert.Equal(MessageStatus.Sent, entry.Status));
        Assert.Equal(5 + 30, bench.Provider.Given.Count);
    }

    [Fact]
    public async Task What_was_refused_or_not_sent_gives_its_cost_back()
    {
        await using var bench = Bench(perMinute: 0);
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.01,"monthly_budget_usd":10}""");
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Sent("taken") with { RefusedRecipients = [0, 2] }
            : SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, "no");

        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 5));
        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 7));

        var row = Assert.Single(await bench.RowsAsync("line"));
        Assert.Equal(0.03m, decimal.Parse(row.GetString("month_used")!, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_mistake_that_was_mended_while_a_message_was_on_its_way_does_not_hold_it()
    {
        await using var bench = Bench(perMinute: 0);
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "wrong password") : SendResult.Sent("taken");
        bench.Provider.During = async _ =>
        {
            if (bench.Provider.Given.Count > 1)
                return;
            await bench.ChangeConfigAsync();
            await bench.RunQueueAsync(TimeSpan.FromSeconds(1));
        };
        var id = await bench.AcceptAsync();
        bench.Queue.Messages.Clear();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task A_dead_letter_to_a_hundred_recipients_that_gives_its_cost_back_fits_into_its_batches()
    {
        await using var bench = Bench(perMinute: 0);
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.01,"monthly_budget_usd":10}""");
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Recipient, "later");
        var id = await bench.AcceptAsync(recipients: 100);

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromDays(1));

        Assert.Equal(MessageStatus.DeadLettered, (await bench.ReadAsync(id)).Status);
        Assert.Equal(100, (await bench.RowsAsync("audit-")).Count);
        Assert.Equal(0m, await MonthUsedAsync(bench));
    }

    [Fact]
    public async Task A_message_that_expires_after_a_failed_attempt_gives_its_cost_back()
    {
        await using var bench = Bench(perMinute: 0);
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":1,"monthly_budget_usd":10}""");
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Recipient, "later");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        var entry = await bench.ReadAsync(id);
        await bench.Table.WriteAsync([.. Ledger.Change(entry, entry with { ExpiresAt = bench.Clock.GetUtcNow() })], TestContext.Current.CancellationToken);

        await bench.DispatchAsync(id);

        Assert.Equal(MessageStatus.Expired, (await bench.ReadAsync(id)).Status);
        Assert.Equal(0m, await MonthUsedAsync(bench));
    }

    [Fact]
    public async Task Cancelling_all_of_a_line_leaves_the_next_one_no_wake_up_to_wait_for()
    {
        await using var bench = Bench(perMinute: 0);
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":1,"monthly_budget_usd":10}""");
        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 9));
        var costly = await bench.AcceptAsync(recipients: 5);
        await bench.DispatchAsync(costly);
        Assert.Equal("monthly_budget", (await bench.ReadAsync(costly)).Limit);
        var cheap = await bench.AcceptAsync();
        await bench.DispatchAsync(cheap);

        Assert.True(await bench.Get<TenantLanes>().EndAsync(await bench.ReadAsync(costly), Outcomes.Cancel(await bench.ReadAsync(costly), bench.Clock.GetUtcNow())));
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(cheap)).Status);
    }

    private static async Task<decimal> MonthUsedAsync(DeliveryBench bench) =>
        decimal.Parse(Assert.Single(await bench.RowsAsync("line")).GetString("month_used")!, System.Globalization.CultureInfo.InvariantCulture);

    private static DeliveryBench Bench(int perMinute) => new(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = $"{perMinute}" });
}
