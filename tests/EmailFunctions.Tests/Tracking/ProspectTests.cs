using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Tracking;

/// <summary>What a message says about why it is not sent yet.</summary>
public sealed class ProspectTests
{
    [Fact]
    public async Task One_in_line_names_its_limit_its_position_and_its_time()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        var ids = await SendAsync(bench, 4);
        await bench.DrainAsync();

        for (var position = 0; position < 3; position++)
        {
            var message = (await bench.ShowAsync(ids[position + 1])).Body;

            Assert.Equal(("deferred", "limit", "per_minute", position), (message.Text("status"), message.Text("reason"), message.Text("limit"), message["position"]!.GetValue<int>()));
            Assert.InRange(message.Time("scheduled_for") - bench.Clock.GetUtcNow(), TimeSpan.FromMinutes(1.0 + position), TimeSpan.FromMinutes(1.1 + position));
            Assert.Equal(message.Time("scheduled_for"), message.Time("next_attempt_at"));
        }
    }

    [Fact]
    public async Task Who_overtakes_puts_the_others_a_place_back()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        var ids = await SendAsync(bench, 3);
        await bench.DrainAsync();
        var high = await bench.MustSendAsync("\"priority\":\"high\"");
        await bench.DrainAsync();

        Assert.Equal(0, (await bench.ShowAsync(high)).Body["position"]!.GetValue<int>());
        Assert.Equal("high", (await bench.ShowAsync(high)).Body.Text("priority"));
        Assert.Equal(1, (await bench.ShowAsync(ids[1])).Body["position"]!.GetValue<int>());
        Assert.Equal(2, (await bench.ShowAsync(ids[2])).Body["position"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_position_costs_two_reads_and_one_query_more_and_any_other_message_one_read()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        var ids = await SendAsync(bench, 2);
        await bench.DrainAsync();

        bench.Table.ResetCounts();
        await bench.ShowAsync(ids[0]);
        Assert.Equal((1, 0, 0), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
        bench.Table.ResetCounts();
        await bench.ShowAsync(ids[1]);
        Assert.Equal((2, 1, 0), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
    }

    [Fact]
    public async Task A_position_is_counted_no_further_than_asked()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        var ids = await SendAsync(bench, 5);
        await bench.DrainAsync();

        var last = await bench.ReadAsync(ids[^1]);

        Assert.Equal(3, await bench.Ledger.CountBeforeAsync(last, 10, TestContext.Current.CancellationToken));
        Assert.Equal(2, await bench.Ledger.CountBeforeAsync(last, 2, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task One_that_failed_says_how_often_and_when_it_is_tried_again()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no");
        var id = await bench.MustSendAsync("\"expires_at\":\"2026-12-24T00:00:00Z\"");
        await bench.DrainAsync();

        var message = (await bench.ShowAsync(id)).Body;

        Assert.Equal(("retry", 1), (message.Text("reason"), message["attempts"]!.GetValue<int>()));
        Assert.Equal((await bench.ReadAsync(id)).DueAt, message.Time("next_attempt_at"));
        Assert.Equal(new DateTimeOffset(2026, 12, 24, 0, 0, 0, TimeSpan.Zero), message.Time("expires_at"));
        Assert.Null(message["position"]);
    }

    [Fact]
    public async Task While_the_breaker_is_open_the_answer_says_until_when()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "no");
        await SendAsync(bench, 5);
        await bench.DrainAsync();
        var id = await bench.MustSendAsync();

        var answer = await bench.ShowAsync(id);

        Assert.Equal("open", answer.Body["breaker"]!.Text("state"));
        Assert.Equal(bench.Clock.GetUtcNow() + answer.RetryAfter, answer.Body["breaker"]!.Time("until"));
        Assert.Equal(answer.Body["breaker"]!.Time("until"), answer.Body.Time("next_attempt_at"));
    }

    [Fact]
    public async Task A_provider_that_asks_for_a_pause_is_named_and_so_is_the_time()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromMinutes(3) };
        var id = await bench.MustSendAsync();
        await bench.DrainAsync();

        var answer = await bench.ShowAsync(id);

        Assert.Equal(TimeSpan.FromMinutes(3), answer.RetryAfter);
        Assert.Equal("provider", answer.Body.Text("limit"));
        Assert.Null(answer.Body["breaker"]);
    }

    [Fact]
    public async Task One_that_is_held_says_so_and_names_no_time()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "no");
        var id = await bench.MustSendAsync();
        await bench.DrainAsync();

        var message = (await bench.ShowAsync(id)).Body;

        Assert.True(message["held"]!.GetValue<bool>());
        Assert.Equal(("configuration", null, null), (message.Text("reason"), message["scheduled_for"]?.ToString(), message["next_attempt_at"]?.ToString()));
    }

    [Fact]
    public async Task One_that_is_sent_has_nothing_to_wait_for()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync();
        await bench.DrainAsync();

        var answer = await bench.ShowAsync(id);

        Assert.Null(answer.RetryAfter);
        Assert.All(["limit", "scheduled_for", "position", "breaker", "next_attempt_at"], name => Assert.Null(answer.Body[name]));
    }

    private static async Task<List<MessageId>> SendAsync(DeliveryBench bench, int count)
    {
        var ids = new List<MessageId>();
        for (var message = 0; message < count; message++)
        {
            ids.Add(await bench.MustSendAsync());
            // So that they have an order.
            bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        return ids;
    }
}
