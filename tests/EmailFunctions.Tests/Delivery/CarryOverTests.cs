using System.Text;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>Waits that are longer than a queue can schedule.</summary>
public sealed class CarryOverTests : IAsyncLifetime
{
    private readonly DeliveryBench _bench = new();

    public ValueTask InitializeAsync()
    {
        _bench.Queue.LongestDelay = TimeSpan.FromDays(7);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_wake_up_a_month_ahead_is_carried_over_and_comes_at_its_time()
    {
        var wakeUp = new WakeUpReference(DeliveryBench.Tenant, 3);
        var at = _bench.Clock.GetUtcNow().AddDays(30);
        await _bench.Get<DispatchQueue>().EnqueueAsync([new Dispatch(wakeUp, at)], TestContext.Current.CancellationToken);

        var hops = new List<QueueMessage>();
        while (_bench.Queue.TakeFirst(DateTimeOffset.MaxValue) is { } message)
        {
            hops.Add(message);
            Assert.True(message.VisibleAt - _bench.Clock.GetUtcNow() <= TimeSpan.FromDays(7));
            _bench.Clock.Advance(message.VisibleAt!.Value - _bench.Clock.GetUtcNow());
            await _bench.Get<DispatchFunction>().RunAsync(message.Body, TestContext.Current.CancellationToken);
        }

        Assert.Equal(5, hops.Count);
        Assert.Equal(at, hops[^1].VisibleAt);
        Assert.Equal(wakeUp, Dispatch.Read(hops[^1].Body.Span)!.Reference);
    }

    [Fact]
    public async Task A_retry_that_is_further_away_than_the_queue_can_schedule_is_one_attempt_and_is_made()
    {
        _bench.Queue.LongestDelay = TimeSpan.FromSeconds(5);
        _bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route") : SendResult.Sent("taken");
        var id = await _bench.AcceptAsync();
        await _bench.DispatchAsync(id);
        Assert.Equal((MessageStatus.Deferred, 1), ((await _bench.ReadAsync(id)).Status, (await _bench.ReadAsync(id)).Attempts));

        await _bench.RunQueueAsync(TimeSpan.FromMinutes(10));

        var entry = await _bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Sent, 2), (entry.Status, entry.Attempts));
    }

    [Theory]
    [InlineData("acme~slot~12@")]
    [InlineData("acme~slot~12@x")]
    [InlineData("acme~slot~12@-1")]
    [InlineData("acme~slot~12@99999999999999999")]
    [InlineData("acme~slot~12@1@2")]
    [InlineData("@1")]
    [InlineData("")]
    public void What_is_no_reference_is_none(string text) => Assert.Null(Dispatch.Read(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task A_reference_that_failed_on_all_its_deliveries_begins_anew_a_minute_later()
    {
        var id = await _bench.AcceptAsync();
        var dead = _bench.Queue.TakeFirst(DateTimeOffset.MaxValue)!;

        await _bench.Get<DispatchFunction>().RecoverAsync(dead.Body, TestContext.Current.CancellationToken);

        var again = Assert.Single(_bench.Queue.Messages);
        Assert.Equal(TimeSpan.FromMinutes(1), again.VisibleAt - _bench.Clock.GetUtcNow());
        Assert.Equal(new MessageReference(id), Dispatch.Read(again.Body.Span)!.Reference);
    }
}
