using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Sending.SendingCalls;

namespace EmailFunctions.Tests.Sending;

public sealed class WaitEstimateTests
{
    [Fact]
    public async Task The_answer_names_the_limit_that_has_no_room_and_when_it_will_have()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        await bench.MustSendAsync();
        await bench.DrainAsync();

        var answer = await bench.SendAsync(Message());

        Assert.Equal(("queued", "per_minute"), (answer.Body.Text("status"), answer.Body.Text("limit")));
        Assert.InRange(answer.Body.Time("scheduled_for") - bench.Clock.GetUtcNow(), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(62));
    }

    [Fact]
    public async Task Those_in_line_are_counted_and_a_high_priority_passes_them()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        for (var message = 0; message < 4; message++)
            await bench.MustSendAsync();
        await bench.DrainAsync();

        var normal = await bench.SendAsync(Message());
        var high = await bench.SendAsync(Message("\"priority\":\"high\""));

        Assert.InRange(normal.Body.Time("scheduled_for") - bench.Clock.GetUtcNow(), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(4.2));
        Assert.InRange(high.Body.Time("scheduled_for") - bench.Clock.GetUtcNow(), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1.1));
    }

    [Fact]
    public async Task Where_there_is_room_no_time_is_announced()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":5");
        await bench.MustSendAsync();
        await bench.DrainAsync();

        var answer = await bench.SendAsync(Message());

        Assert.False(answer.Body.ContainsKey("scheduled_for") || answer.Body.ContainsKey("limit"));
    }

    [Fact]
    public async Task A_replay_announces_the_same_wait_again()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        await bench.MustSendAsync();
        await bench.DrainAsync();
        var first = await bench.SendAsync(Message("\"idempotency_key\":\"key\""));

        bench.Clock.Advance(TimeSpan.FromHours(1));
        var second = await bench.SendAsync(Message("\"idempotency_key\":\"key\""));

        Assert.True(second.IsReplay);
        Assert.NotNull(first.Body["limit"]);
        Assert.Equal(first.Body.ToJsonString(), second.Body.ToJsonString());
    }
}
