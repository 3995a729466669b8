using System.Net;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Sending.SendingCalls;

namespace EmailFunctions.Tests.Sending;

public sealed class ScheduleTests
{
    [Fact]
    public async Task A_message_for_later_is_sent_at_its_time_and_not_before()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync(At("send_at", bench, minutes: 10));

        bench.Clock.Advance(TimeSpan.FromMinutes(9));
        await bench.DispatchAsync(id);
        Assert.Empty(bench.Provider.Given);
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.DrainAsync();

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task It_waits_as_deferred_and_its_place_in_line_is_that_of_its_time()
    {
        await using var bench = new DeliveryBench();
        var sendAt = bench.Clock.GetUtcNow().AddMinutes(10);

        var entry = await bench.ReadAsync(await bench.MustSendAsync(At("send_at", bench, minutes: 10)));

        Assert.Equal((MessageStatus.Deferred, "send_at", sendAt, sendAt), (entry.Status, entry.Reason, entry.DueAt, entry.ArrivedAt));
    }

    [Fact]
    public async Task The_answer_says_queued_and_when()
    {
        await using var bench = new DeliveryBench();

        var answer = await bench.SendAsync(Message(At("send_at", bench, minutes: 10)));

        Assert.Equal("queued", answer.Body.Text("status"));
        Assert.Equal(bench.Clock.GetUtcNow().AddMinutes(10), answer.Body.Time("scheduled_for"));
        Assert.False(answer.Body.ContainsKey("limit"));
    }

    [Fact]
    public async Task One_that_is_soon_gets_one_copy_for_its_time_at_once()
    {
        await using var bench = new DeliveryBench();

        await bench.MustSendAsync(At("send_at", bench, minutes: 15));

        Assert.Equal(bench.Clock.GetUtcNow().AddMinutes(15), bench.Queue.Messages.Single().VisibleAt);
    }

    [Fact]
    public async Task One_that_is_far_away_gets_its_copy_from_the_sweep_shortly_before()
    {
        await using var bench = new DeliveryBench();
        var sendAt = bench.Clock.GetUtcNow().AddDays(300);
        await bench.MustSendAsync(At("send_at", bench, minutes: 300 * 24 * 60));
        Assert.Empty(bench.Queue.Messages);

        bench.Clock.Advance(TimeSpan.FromDays(300) - TimeSpan.FromMinutes(10));
        Assert.Equal(0, (await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken)).Count);
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, (await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken)).Count);

        Assert.Equal(sendAt, bench.Queue.Messages.Single().VisibleAt);
    }

    [Fact]
    public async Task A_time_that_has_passed_means_now()
    {
        await using var bench = new DeliveryBench();

        var answer = await bench.SendAsync(Message(At("send_at", bench, minutes: -1)));

        Assert.Equal(MessageStatus.Queued, (await bench.ReadAsync(answer.Id)).Status);
        Assert.False(answer.Body.ContainsKey("scheduled_for"));
    }

    [Fact]
    public async Task What_has_expired_is_not_sent()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync(At("expires_at", bench, minutes: 10));

        bench.Clock.Advance(TimeSpan.FromMinutes(10));
        await bench.DispatchAsync(id);

        Assert.Empty(bench.Provider.Given);
        Assert.Equal(MessageStatus.Expired, (await bench.ReadAsync(id)).Status);
    }

    [Theory]
    [InlineData("high", MessagePriority.High)]
    [InlineData("normal", MessagePriority.Normal)]
    [InlineData("low", MessagePriority.Low)]
    public async Task The_priority_is_kept(string name, MessagePriority priority)
    {
        await using var bench = new DeliveryBench();

        Assert.Equal(priority, (await bench.ReadAsync(await bench.MustSendAsync($"\"priority\":\"{name}\""))).Priority);
    }

    [Fact]
    public async Task A_replay_announces_the_same_time_again()
    {
        await using var bench = new DeliveryBench();
        var body = Message("\"idempotency_key\":\"key\"," + At("send_at", bench, minutes: 10));
        var first = await bench.SendAsync(body);

        bench.Clock.Advance(TimeSpan.FromMinutes(20));
        var second = await bench.SendAsync(body);

        Assert.True(second.IsReplay);
        Assert.Equal(first.Body.ToJsonString(), second.Body.ToJsonString());
    }

    [Theory]
    [InlineData("\"priority\":\"high\"")]
    [InlineData("\"send_at\":\"2026-11-25T00:00:00Z\"")]
    [InlineData("\"expires_at\":\"2026-11-25T00:00:00Z\"")]
    public async Task Another_time_or_priority_under_the_same_key_is_422(string further)
    {
        await using var bench = new DeliveryBench();
        await bench.MustSendAsync("\"idempotency_key\":\"key\"");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bench.SendAsync(Message("\"idempotency_key\":\"key\"," + further))).Status);
    }

    [Fact]
    public async Task A_replay_after_the_message_has_expired_gets_the_first_answer()
    {
        await using var bench = new DeliveryBench();
        var body = Message("\"idempotency_key\":\"key\"," + At("expires_at", bench, minutes: 1));
        var first = await bench.SendAsync(body);

        bench.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(first.Id, (await bench.SendAsync(body)).Id);
        Assert.Equal(HttpStatusCode.BadRequest, (await bench.SendAsync(body.Replace("key\"", "new\"", StringComparison.Ordinal).Replace("idempotency_new", "idempotency_key", StringComparison.Ordinal))).Status);
    }

    private static string At(string field, DeliveryBench bench, double minutes) =>
        $"\"{field}\":\"{bench.Clock.GetUtcNow().AddMinutes(minutes):yyyy-MM-dd'T'HH:mm:ss'Z'}\"";
}
