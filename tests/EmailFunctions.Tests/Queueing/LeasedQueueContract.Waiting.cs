namespace EmailFunctions.Tests.Queueing;

public abstract partial class LeasedQueueContract
{
    [Fact]
    public async Task Waiting_ends_when_a_message_is_put_on_the_queue()
    {
        var waiting = StartWaiting();

        await EnqueueAsync("1");

        await SoonAsync(waiting);
        Assert.Equal(["1"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Waiting_ends_at_once_when_a_message_is_visible()
    {
        await EnqueueAsync("1");

        await SoonAsync(Receiver.WaitAsync(Cancellation));
        await SoonAsync(Receiver.WaitAsync(Cancellation));
    }

    [Fact]
    public async Task Waiting_ends_when_the_time_of_a_scheduled_message_has_come()
    {
        await EnqueueAtAsync("1", Now.AddSeconds(10));
        var waiting = StartWaiting();

        await PassAsync(TimeSpan.FromSeconds(10));

        await SoonAsync(waiting);
        Assert.Equal(["1"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Waiting_for_a_scheduled_message_is_cut_short_by_one_that_is_due_earlier()
    {
        await EnqueueAtAsync("late", Now.AddHours(1));
        var waiting = StartWaiting();

        await EnqueueAtAsync("early", Now.AddSeconds(10));

        await SoonAsync(waiting);
        waiting = StartWaiting();
        await PassAsync(TimeSpan.FromSeconds(10));
        await SoonAsync(waiting);
        Assert.Equal(["early"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Waiting_ends_when_a_lease_ends()
    {
        await EnqueueAsync("1");
        await ReceiveOneAsync();
        var waiting = StartWaiting();

        await PassAsync(Lease);

        await SoonAsync(waiting);
        Assert.Equal(["1"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Waiting_ends_when_a_message_is_given_back()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();
        var waiting = StartWaiting();

        await Receiver.AbandonAsync(message, TimeSpan.Zero, Cancellation);

        await SoonAsync(waiting);
        Assert.Equal(["1"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var waiting = Receiver.WaitAsync(cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SoonAsync(waiting));
    }
}
