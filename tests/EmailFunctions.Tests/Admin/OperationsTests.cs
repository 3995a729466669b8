using System.Text.Json.Nodes;
using EmailFunctions.DeadLetters;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.DeadLetters;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Admin;

/// <summary>What a status page shows of now: breakers, queues, budgets.</summary>
public sealed class OperationsTests
{
    [Fact]
    public async Task A_provider_that_failed_again_and_again_is_listed_until_it_is_back_or_replaced()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" });
        Assert.Empty(await BreakersAsync(bench));
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused");
        for (var number = 0; number < 5; number++)
            await bench.DispatchAsync(await bench.AcceptAsync());

        var breaker = Assert.Single(await BreakersAsync(bench))!;
        Assert.Equal(
            ("acme", "file", 0, "open", bench.Clock.GetUtcNow() + TimeSpan.FromSeconds(30)),
            (Text(breaker, "tenant_id"), Text(breaker, "provider"), breaker["place"]!.GetValue<int>(), Text(breaker, "state"), breaker["until"]!.GetValue<DateTimeOffset>()));
        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(Assert.Single(await BreakersAsync(bench))!["until"]);

        // Another provider than the one that failed.
        await bench.ChangeConfigAsync();
        Assert.Empty(await BreakersAsync(bench));
    }

    [Fact]
    public async Task A_provider_that_asked_for_a_break_is_listed_as_paused()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromMinutes(2) };
        await bench.DispatchAsync(await bench.AcceptAsync());

        var breaker = Assert.Single(await BreakersAsync(bench))!;
        Assert.Equal("paused", Text(breaker, "state"));
        Assert.True(breaker["until"]!.GetValue<DateTimeOffset>() > bench.Clock.GetUtcNow());
        bench.Clock.Advance(TimeSpan.FromMinutes(3));

        Assert.Empty(await BreakersAsync(bench));
    }

    [Fact]
    public async Task Queues_tell_their_size_or_why_they_can_not_and_dead_letters_are_counted_over_all_tenants()
    {
        await using var dead = new DeadBench();
        await dead.DieAsync();
        await dead.DieAsync("bravo");

        var overview = await dead.Bench.ReadAdminAsync("queue");

        Assert.Equal(["email-dispatch", "email-in"], overview.Texts("queues", "queue_name"));
        Assert.Equal("0", overview["queues"]![0]!["messages"]!.ToJsonString());
        Assert.Null(overview["queues"]![1]!["messages"]);
        Assert.NotEmpty(Text(overview["queues"]![1]!, "unknown_because"));
        Assert.Equal("""{"count":2,"complete":true}""", overview["dead_letters"]!.ToJsonString());
    }

    [Fact]
    public async Task Dead_letters_are_counted_again_after_half_a_minute_and_not_for_every_page()
    {
        await using var dead = new DeadBench();
        await dead.DieAsync();
        await dead.Bench.ReadAdminAsync("queue");
        dead.Bench.Table.ResetCounts();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => dead.Bench.ReadAdminAsync("queue")));
        Assert.Equal(0, dead.Bench.Table.Queries);
        await dead.DieAsync();
        dead.Bench.Clock.Advance(DeadLetterCounter.Lifetime);

        Assert.Equal(2, (await dead.Bench.ReadAdminAsync("queue"))["dead_letters"]!["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Budgets_show_what_the_store_says_was_used_in_this_day_and_month()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":0,\"daily_quota\":4,\"monthly_budget_usd\":10,\"cost_per_email_usd\":1.25");
        await bench.SaveConfigAsync("without");
        await bench.SaveConfigAsync("unused", further: ",\"daily_quota\":100");
        await bench.SaveConfigAsync("off", further: ",\"daily_quota\":100,\"rate_limiting_enabled\":false");
        for (var number = 0; number < 5; number++)
            await bench.MustSendAsync();
        await bench.DrainAsync();

        var page = await bench.ReadAdminAsync("budgets");

        Assert.Equal(["acme", "unused"], page.Texts("budgets", "tenant_id"));
        var budget = page["budgets"]![0]!.AsObject();
        Assert.Equal("""{"used":4,"limit":4,"percent":100}""", budget["daily_quota"]!.ToJsonString());
        Assert.Equal("""{"used":5.00,"limit":10,"percent":50}""", budget["monthly_budget_usd"]!.ToJsonString());
        Assert.Equal((1, "daily_quota"), (budget["in_line"]!.GetValue<int>(), Text(budget, "waits_for")));
        Assert.Equal("""{"used":0,"limit":100,"percent":0}""", page["budgets"]![1]!["daily_quota"]!.ToJsonString());
        Assert.Null(page["budgets"]![1]!["monthly_budget_usd"]);

        bench.Clock.Advance(TimeSpan.FromHours(13));
        budget = (await bench.ReadAdminAsync("budgets"))["budgets"]![0]!.AsObject();
        Assert.Equal("0", budget["daily_quota"]!["used"]!.ToJsonString());
        Assert.Equal("5.00", budget["monthly_budget_usd"]!["used"]!.ToJsonString());
    }

    [Fact]
    public async Task Budgets_are_paged_and_cost_a_read_for_each_that_is_shown()
    {
        await using var bench = new DeliveryBench();
        for (var number = 0; number < 30; number++)
            await bench.SaveConfigAsync($"t{number:D2}", further: number % 2 == 0 ? ",\"daily_quota\":5" : "");
        bench.Table.ResetCounts();

        var first = await bench.ReadAdminAsync("budgets?limit=10");
        Assert.Equal((10, 1), (bench.Table.Reads, bench.Table.Queries));
        var second = await bench.ReadAdminAsync("budgets?limit=10&cursor=" + first["next_cursor"]);

        Assert.Equal(
            Enumerable.Range(0, 15).Select(static number => $"t{2 * number:D2}"),
            first.Texts("budgets", "tenant_id").Concat(second.Texts("budgets", "tenant_id")));
        Assert.False(second["has_more"]!.GetValue<bool>());
    }

    private static async Task<JsonArray> BreakersAsync(DeliveryBench bench) => (await bench.ReadAdminAsync("breakers"))["breakers"]!.AsArray();

    private static string Text(JsonNode node, string field) => node[field]!.GetValue<string>();
}
