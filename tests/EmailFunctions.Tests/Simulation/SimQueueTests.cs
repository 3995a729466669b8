using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Queueing;

namespace EmailFunctions.Tests.Simulation;

/// <summary>The queue of the simulations does what the others do, and what they seldom do.</summary>
public sealed class SimQueueTests : LeasedQueueContract
{
    private readonly SimLoop _loop = new(seed: 1);
    private readonly SimQueue _queue;

    public SimQueueTests() => _queue = new SimQueue(_loop);

    protected override IDeliveryQueue Queue => _queue;

    protected override IQueueSize Size => _queue;

    protected override IQueueReceiver Receiver => _queue;

    protected override IQueueReceiver SecondReceiver => _queue;

    protected override DateTimeOffset Now => _loop.UtcNow;

    protected override Task PassAsync(TimeSpan time)
    {
        _loop.RunFor(time);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Operations_and_messages_are_counted_and_scheduled_ones_of_them()
    {
        await EnqueueAsync("1", "2", "3");
        await EnqueueAtAsync("4", Now.AddSeconds(10));
        await ReceiveAsync(limit: 2);

        Assert.Equal((2, 1), (_queue.Operations, _queue.ScheduledOperations));
        Assert.Equal((4, 1), (_queue.Messages, _queue.ScheduledMessages));
        Assert.Equal(2, _queue.Deliveries);
    }

    [Fact]
    public async Task A_duplicate_is_delivered_within_the_lease_and_as_a_first_delivery()
    {
        _queue.Duplicates = 1;
        await EnqueueAsync("1");
        var first = await ReceiveOneAsync();
        _queue.Duplicates = 0;
        Assert.Equal(1, await Receiver.CompleteAsync([first], Cancellation));

        await PassAsync(Lease);

        var second = await ReceiveOneAsync();
        Assert.Equal(("1", 1), (TextOf(second), second.DeliveryCount));
        Assert.NotEqual(first.Sequence, second.Sequence);
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0, 1, 1)]
    public void A_sender_fails_before_or_after_the_message_is_on_the_queue(double before, double after, int count)
    {
        var sender = new SimSender(_loop.Main, _queue, new SimFaults { Before = before, After = after });

        _loop.Run(() => Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync(sender)));

        Assert.Equal(count, _queue.Count);
    }

    [Fact]
    public void What_a_kill_meets_on_its_way_never_comes_to_the_queue()
    {
        var doomed = new SimContext(_loop, "doomed");
        var sender = new SimSender(doomed, _queue, new SimFaults { MaxLatency = TimeSpan.FromHours(1) });
        doomed.Start(() => SendAsync(sender));
        _loop.RunFor(TimeSpan.Zero);

        doomed.Kill();
        _loop.RunFor(TimeSpan.FromHours(2));

        Assert.Equal(0, _queue.Count);
    }

    private static Task SendAsync(IDeliveryQueue queue) => queue.EnqueueAsync([new QueueMessage(new byte[1])], CancellationToken.None);
}
