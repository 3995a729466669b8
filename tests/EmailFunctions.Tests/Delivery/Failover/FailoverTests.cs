using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Failover;

/// <summary>What goes on to a tenant's fallback, and what does not.</summary>
public sealed class FailoverTests
{
    private static readonly SendResult Down = SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "503");

    [Theory]
    [InlineData(SendStatus.Transient, ErrorCategory.ProviderUnavailable)]
    [InlineData(SendStatus.Transient, ErrorCategory.Network)]
    [InlineData(SendStatus.Transient, ErrorCategory.Timeout)]
    [InlineData(SendStatus.Throttled, ErrorCategory.Quota)]
    [InlineData(SendStatus.Misconfigured, ErrorCategory.Auth)]
    [InlineData(SendStatus.Misconfigured, ErrorCategory.Config)]
    public async Task What_the_provider_is_the_reason_of_goes_on_at_once_and_uses_no_attempt(SendStatus status, ErrorCategory category)
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = _ => SendResult.Failed(status, category, "not now");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, "console", 1, 0), (entry.Status, entry.Provider, entry.Attempts, entry.Failures));
        Assert.Equal((1, 1), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
        var step = Assert.Single(entry.History, static line => line.Status == HistoryEntry.FailedOver);
        Assert.Equal(("smtp", category.Name(), "not now"), (step.Provider, step.ErrorCategory, step.Answer));
    }

    [Theory]
    [InlineData(SendStatus.Permanent, ErrorCategory.Recipient, MessageStatus.Failed)]
    [InlineData(SendStatus.Permanent, ErrorCategory.Content, MessageStatus.Failed)]
    [InlineData(SendStatus.Transient, ErrorCategory.Recipient, MessageStatus.Deferred)]
    [InlineData(SendStatus.Transient, ErrorCategory.Unexpected, MessageStatus.Deferred)]
    [InlineData(SendStatus.Throttled, ErrorCategory.RateLimited, MessageStatus.Deferred)]
    [InlineData(SendStatus.Unknown, ErrorCategory.Network, MessageStatus.Deferred)]
    [InlineData(SendStatus.Unknown, ErrorCategory.Timeout, MessageStatus.Deferred)]
    public async Task What_it_is_not_the_reason_of_or_may_have_been_sent_does_not(SendStatus status, ErrorCategory category, MessageStatus expected)
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = _ => SendResult.Failed(status, category, "no");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        Assert.Equal(expected, (await bench.ReadAsync(id)).Status);
        Assert.Empty(bench.Fallback.Given);
    }

    [Fact]
    public async Task An_unclear_outcome_is_sent_again_on_the_same_provider()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Unknown, ErrorCategory.Network, "lost") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal((MessageStatus.Sent, "smtp"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider));
        Assert.Equal((2, 0), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task So_is_one_of_the_fallback_though_the_first_is_back()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = static call => call == 1 ? Down : SendResult.Sent("taken");
        bench.Fallback.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Unknown, ErrorCategory.Network, "lost") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal((MessageStatus.Sent, "console"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider));
        Assert.Equal((1, 2), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task A_message_that_lost_its_slot_begins_with_the_next_provider_at_its_next_one()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":1""");
        bench.Primary.Answer = static _ => Down;
        // Each call of the primary hangs for longer than a slot lasts.
        bench.Primary.During = _ =>
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(20));
            return Task.CompletedTask;
        };
        var ids = new List<MessageId> { await bench.AcceptAsync(), await bench.AcceptAsync() };
        foreach (var id in ids)
            await bench.DispatchAsync(id);

        await bench.RunQueueAsync(TimeSpan.FromMinutes(10));

        foreach (var id in ids)
            Assert.Equal((MessageStatus.Sent, "console"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider));
    }

    [Fact]
    public async Task A_message_that_only_the_first_can_take_waits_alone()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":60""");
        bench.Primary.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.Quota, "daily quota") with { RetryAfter = TimeSpan.FromMinutes(15) } : SendResult.Sent("taken");
        bench.Fallback.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "not verified") : SendResult.Sent("taken");
        var (first, second) = (await bench.AcceptAsync(), await bench.AcceptAsync());

        await bench.DispatchAsync(first);
        await bench.DispatchAsync(second);

        var waiting = await bench.ReadAsync(first);
        Assert.Equal((MessageStatus.Deferred, "smtp", "quota", 0), (waiting.Status, waiting.Provider, waiting.ErrorCategory, waiting.Failures));
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(second)).Status);
        await bench.RunQueueAsync(TimeSpan.FromMinutes(20));
        Assert.Equal((MessageStatus.Sent, "smtp"), ((await bench.ReadAsync(first)).Status, (await bench.ReadAsync(first)).Provider));
    }

    [Fact]
    public async Task What_the_fallback_does_not_take_by_its_nature_waits_for_the_first()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":0""");
        bench.Primary.Answer = static call => call == 1 ? Down : SendResult.Sent("taken");
        bench.Fallback.Answer = static _ => SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, "an empty file") with { IsNotAsked = true };
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal((MessageStatus.Sent, "smtp"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider));
    }

    [Fact]
    public async Task What_may_have_been_sent_goes_nowhere_else_even_when_its_provider_fails_afterwards()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":0""");
        bench.Primary.Answer = static call => call switch
        {
            1 => SendResult.Failed(SendStatus.Unknown, ErrorCategory.Timeout, "lost"),
            < 4 => Down,
            _ => SendResult.Sent("taken"),
        };
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(6));

        Assert.Equal((MessageStatus.Sent, "smtp"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider));
        Assert.Empty(bench.Fallback.Given);
    }

    [Fact]
    public async Task A_paused_fallback_does_not_keep_mail_from_a_provider_that_is_back_sooner()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":60""");
        bench.Primary.Answer = static call => call <= 5 ? Down : SendResult.Sent("taken");
        bench.Fallback.Answer = static call => call == 5 ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromHours(1) } : SendResult.Sent("taken");
        for (var number = 0; number < 4; number++)
            await bench.DispatchAsync(await bench.AcceptAsync());
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        var next = await bench.AcceptAsync();
        await bench.DispatchAsync(next);

        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        var last = await bench.AcceptAsync();
        await bench.DispatchAsync(last);
        await bench.RunQueueAsync(TimeSpan.FromHours(2));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(last)).Status);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task The_system_default_sends_from_its_own_address_whatever_the_message_says()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","fallback_to_system":true""");
        bench.Primary.Answer = bench.Fallback.Answer = static _ => Down;
        var id = await bench.AcceptAsync(from: "jane@acme.example");

        await bench.DispatchAsync(id);

        var sent = Assert.Single(bench.Provider.Given);
        Assert.Equal((null, "jane@acme.example"), (sent.Content.FromEmail, sent.Content.ReplyTo));
        Assert.Equal("jane@acme.example", bench.Fallback.Given.Single().Content.FromEmail);
    }

    [Fact]
    public async Task A_stop_during_a_probe_leaves_nothing_unclear()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":0""");
        bench.Primary.Answer = static call => call <= 5 ? Down : SendResult.Sent("taken");
        for (var number = 0; number < 5; number++)
            await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        using var stop = new CancellationTokenSource();
        bench.Primary.DuringProbe = async () =>
        {
            await stop.CancelAsync();
            stop.Token.ThrowIfCancellationRequested();
        };
        var id = await bench.AcceptAsync();

        await bench.Get<MessageDispatcher>().DispatchAsync(id, stop.Token);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, 0), (entry.Status, entry.Failures));
        Assert.DoesNotContain(entry.History, static line => line.Status == HistoryEntry.Unknown);
    }

    [Fact]
    public async Task A_probe_that_takes_long_costs_the_message_its_slot_and_no_more()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":6""");
        bench.Primary.Answer = static call => call <= 5 ? Down : SendResult.Sent("taken");
        for (var number = 0; number < 5; number++)
            await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Clock.Advance(TimeSpan.FromSeconds(35));
        bench.Primary.DuringProbe = () =>
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(15));
            return Task.CompletedTask;
        };
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        // Its slot, the sixth of the minute, went by during the probe, and the minute has no other.
        Assert.Equal((MessageStatus.Deferred, "per_minute"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Limit));
        await bench.RunQueueAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((MessageStatus.Sent, "smtp", 1), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider, bench.Primary.Probes));
    }

    [Fact]
    public async Task Usage_cost_and_audit_name_who_really_sent()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","monthly_budget_usd":1""");
        bench.Primary.Answer = static _ => Down;
        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 2));

        var usage = Assert.Single(await bench.RowsAsync("usage-"));
        Assert.Equal(("console", 2L, "0.006"), (usage.GetString("provider"), usage.GetInt64("recipients"), usage.GetString("cost_usd")));
        Assert.Equal(["console", "console"], (await bench.RowsAsync("audit-")).Select(static row => row.GetString("provider")));
        // It was charged at the first one's price, and costs the other's.
        Assert.Equal(0.006m, (await bench.Get<TenantLanes>().ReadAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken))!.Month.Used);
    }

    [Fact]
    public async Task The_system_default_is_the_last_one_where_the_tenant_wants_that()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","fallback_to_system":true""");
        bench.Primary.Answer = bench.Fallback.Answer = static _ => Down;
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, "file"), (entry.Status, entry.Provider));
        Assert.Equal(["smtp", "console"], entry.History.Where(static line => line.Status == HistoryEntry.FailedOver).Select(static line => line.Provider));
        var settings = Assert.Single(bench.Provider.Accounts).Settings;
        Assert.Equal(("no-reply@localhost", "a@example.com"), (settings.FromEmail, settings.ReplyTo));
    }

    [Fact]
    public async Task Without_that_it_is_not_asked()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = bench.Fallback.Answer = static _ => Down;
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        Assert.Equal((MessageStatus.Deferred, 1), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Failures));
        Assert.Empty(bench.Provider.Given);
    }

    [Theory]
    [InlineData(SendStatus.Transient, SendStatus.Misconfigured)]
    [InlineData(SendStatus.Misconfigured, SendStatus.Transient)]
    public async Task One_that_may_take_it_later_is_enough_to_try_again(SendStatus first, SendStatus second)
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = _ => SendResult.Failed(first, ErrorCategory.ProviderUnavailable, "first");
        bench.Fallback.Answer = _ => SendResult.Failed(second, ErrorCategory.ProviderUnavailable, "second");
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, false, "retry"), (entry.Status, entry.IsHeld, entry.Reason));
    }

    [Fact]
    public async Task A_message_is_held_where_all_need_another_configuration_and_let_go_by_a_new_one()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","fallback_to_system":true""");
        bench.Primary.Answer = bench.Fallback.Answer = bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "who?");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        Assert.True((await bench.ReadAsync(id)).IsHeld);

        bench.Primary.Answer = static _ => SendResult.Sent("taken");
        await bench.RouteAsync();
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal((MessageStatus.Sent, "smtp"), ((await bench.ReadAsync(id)).Status, (await bench.ReadAsync(id)).Provider));
    }

    [Fact]
    public async Task The_fallback_has_a_sender_secrets_and_an_account_of_its_own()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""
            {"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_password":"one","from_email":"a@example.com","from_name":"A","reply_to":"answers@example.com",
             "fallback":{"provider_type":"console","smtp_password":"two","smtp_username":"v","from_email":"b@example.com"}}
            """);
        bench.Primary.Answer = static _ => Down;
        await bench.DispatchAsync(await bench.AcceptAsync());

        var (first, second) = (bench.Primary.Accounts.Single(), bench.Fallback.Accounts.Single());
        Assert.Equal(("one", "a@example.com", 0), (first.Secrets.SmtpPassword, first.Settings.FromEmail, first.Place));
        Assert.Equal(("two", "b@example.com", 1), (second.Secrets.SmtpPassword, second.Settings.FromEmail, second.Place));
        Assert.Equal(("A", "answers@example.com"), (second.Settings.FromName, second.Settings.ReplyTo));
    }

    [Fact]
    public async Task A_message_that_lost_its_slot_at_the_first_provider_takes_another_for_the_next()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":2""");
        bench.Primary.Answer = static call => call == 1 ? Down : SendResult.Sent("taken");
        bench.Primary.During = _ =>
        {
            // The connection hangs for as long as it may.
            if (bench.Primary.Given.Count == 1)
                bench.Clock.Advance(TimeSpan.FromSeconds(20));
            return Task.CompletedTask;
        };
        var (first, second) = (await bench.AcceptAsync(), await bench.AcceptAsync());

        await bench.DispatchAsync(first);
        await bench.DispatchAsync(second);

        // Two calls within the minute: the first one's at the primary, and its next slot at the fallback.
        Assert.Equal((1, 1), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
        var (one, two) = (await bench.ReadAsync(first), await bench.ReadAsync(second));
        Assert.Equal((MessageStatus.Sent, 1), (one.Status, one.Attempts));
        Assert.Contains(one.History, static line => line.Status == HistoryEntry.FailedOver);
        Assert.Equal((MessageStatus.Deferred, "per_minute"), (two.Status, two.Limit));
    }
}
