using System.Net;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Sending.SendingCalls;

namespace EmailFunctions.Tests.Sending;

/// <summary>Mail beyond a quota or budget, where the tenant wants it refused, at noon of the 24th of November.</summary>
public sealed class QuotaTests
{
    private const string TwoADay = "\"rate_limit_per_minute\":0,\"daily_quota\":2,\"over_quota\":\"reject\"";
    private const string ThreeUsd = "\"rate_limit_per_minute\":0,\"cost_per_email_usd\":1,\"monthly_budget_usd\":3,\"over_quota\":\"reject\"";

    [Fact]
    public async Task Beyond_the_daily_quota_the_answer_is_429_until_midnight_and_names_the_limit()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(TwoADay);
        await SendAndDispatchAsync(bench, 2);

        var refused = await bench.SendAsync(Message());

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromHours(12)), (refused.Status, refused.RetryAfter));
        Assert.Contains("daily_quota", refused.Body.Text("detail"), StringComparison.Ordinal);
        bench.Clock.Advance(TimeSpan.FromHours(12));
        await bench.MustSendAsync();
    }

    [Fact]
    public async Task Those_that_stand_in_line_have_their_part_of_the_quota()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1,\"daily_quota\":2,\"over_quota\":\"reject\"");
        await SendAndDispatchAsync(bench, 2);
        Assert.Single(bench.Provider.Given);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await bench.SendAsync(Message())).Status);
    }

    [Fact]
    public async Task A_message_for_another_day_is_judged_by_that_day()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(TwoADay);
        await SendAndDispatchAsync(bench, 2);

        await bench.MustSendAsync("\"send_at\":\"2026-11-25T00:00:00Z\"");
    }

    [Fact]
    public async Task Beyond_the_budget_the_answer_is_429_until_the_month_ends_and_what_fits_is_taken()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(ThreeUsd);
        await bench.MustSendAsync("\"cc\":[\"b@example.com\"]");
        await bench.DrainAsync();

        var refused = await bench.SendAsync(Message("\"cc\":[\"b@example.com\"]"));

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromDays(6.5)), (refused.Status, refused.RetryAfter));
        Assert.Contains("monthly_budget", refused.Body.Text("detail"), StringComparison.Ordinal);
        await bench.MustSendAsync();
    }

    [Theory]
    [InlineData("defer")]
    [InlineData("reject")]
    public async Task A_message_that_alone_costs_more_than_the_budget_is_never_taken(string overQuota)
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(ThreeUsd.Replace("reject", overQuota, StringComparison.Ordinal));

        var refused = await bench.SendAsync(Message("\"cc\":[\"b@example.com\",\"c@example.com\",\"d@example.com\"]"));

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.NotNull(refused.Body["errors"]!["to"]);
    }

    [Fact]
    public async Task Who_does_not_ask_for_refusals_gets_none()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(TwoADay.Replace("reject", "defer", StringComparison.Ordinal));
        await SendAndDispatchAsync(bench, 2);

        await bench.MustSendAsync();
    }

    [Theory]
    [InlineData(TwoADay, 1)]
    [InlineData("\"rate_limit_per_minute\":9,\"daily_quota\":2", 0)]
    [InlineData("\"rate_limit_per_minute\":9,\"over_quota\":\"reject\"", 0)]
    public async Task Only_a_tenant_that_refuses_costs_a_read_at_accept(string config, int reads)
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(config);
        await SendAndDispatchAsync(bench, 1);
        bench.Table.ResetCounts();

        await bench.MustSendAsync();

        Assert.Equal((reads, 0, 1), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
    }

    [Fact]
    public async Task A_replay_is_answered_though_the_quota_is_used_up()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(TwoADay);
        var first = await bench.MustSendAsync("\"idempotency_key\":\"key\"");
        await SendAndDispatchAsync(bench, 1);

        Assert.Equal(first, await bench.MustSendAsync("\"idempotency_key\":\"key\""));
    }

    [Fact]
    public async Task The_messages_of_a_batch_share_what_is_left()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(TwoADay);
        await SendAndDispatchAsync(bench, 1);

        var results = await bench.SendBatchAsync(Message(), Message());

        Assert.Equal(["queued", "rejected"], results.Select(static result => result.Text("status")));
        Assert.Equal(429, results[1]["error"]!["status"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_batch_that_is_sent_again_takes_no_room_for_what_was_accepted_before()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync(TwoADay);
        await bench.SendBatchAsync(Message("\"idempotency_key\":\"1\""));
        await bench.DrainAsync();

        var results = await bench.SendBatchAsync(Message("\"idempotency_key\":\"1\""), Message("\"idempotency_key\":\"2\""));

        Assert.Equal(["queued", "queued"], results.Select(static result => result.Text("status")));
    }

    private static async Task SendAndDispatchAsync(DeliveryBench bench, int count)
    {
        for (var message = 0; message < count; message++)
            await bench.MustSendAsync();
        await bench.DrainAsync();
    }
}
