using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

public abstract partial class DeliveryQueueContract
{
    [Fact]
    public async Task An_empty_queue_delivers_nothing() => Assert.Empty(await ReceiveAllAsync());

    [Fact]
    public async Task Messages_are_delivered_once_and_in_order_where_the_queue_keeps_it()
    {
        await EnqueueAsync("1", "2");
        await EnqueueAsync("3");

        AssertReceived(["1", "2", "3"], TextsOf(await ReceiveAllAsync()));
        Assert.Empty(await ReceiveAllAsync());
    }

    [Fact]
    public async Task A_scheduled_message_is_not_delivered_before_its_time()
    {
        var visibleAt = Now + (20 * Tick);
        await EnqueueAtAsync("later", visibleAt);
        await EnqueueAsync("now");

        Assert.Equal(["now"], TextsOf(await ReceiveAllAsync()));
        await PassAsync(18 * Tick);
        var received = TextsOf(await ReceiveAllAsync());
        // Where time is real, more of it may have passed by now.
        Assert.True(received.Count == 0 || Now >= visibleAt, "The message is early.");
        if (received.Count == 0)
        {
            await PassAsync(2 * Tick);
            received = TextsOf(await ReceiveDueAsync());
        }

        Assert.Equal(["later"], received);
    }

    [Fact]
    public async Task A_message_scheduled_for_a_time_that_has_passed_is_delivered_at_once()
    {
        await EnqueueAtAsync("overdue", Now.AddHours(-1));

        Assert.Equal(["overdue"], TextsOf(await ReceiveAllAsync()));
    }

    [Fact]
    public async Task Messages_of_one_call_may_be_scheduled_for_different_times()
    {
        await Queue.EnqueueAsync(
            [new QueueMessage("later"u8.ToArray(), Now.AddHours(1)), new QueueMessage("now"u8.ToArray())], Cancellation);

        Assert.Equal(["now"], TextsOf(await ReceiveAllAsync()));
    }

    [Fact]
    public async Task A_message_may_be_scheduled_as_far_ahead_as_the_queue_says_and_one_further_refuses_the_whole_call()
    {
        var isLimited = Queue.LongestDelay < TimeSpan.FromDays(10_000);
        var furthest = isLimited ? Queue.LongestDelay : TimeSpan.FromDays(10_000);
        await EnqueueAtAsync("later", Now + furthest);
        if (isLimited)
        {
            QueueMessage[] messages = [new("now"u8.ToArray()), new("too late"u8.ToArray(), Now + furthest + TimeSpan.FromMinutes(1))];
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Queue.EnqueueAsync(messages, Cancellation));
        }

        Assert.Empty(await ReceiveAllAsync());
    }

    [Fact]
    public async Task A_hundred_messages_are_put_on_the_queue_in_one_call()
    {
        string[] bodies = [.. Enumerable.Range(0, 100).Select(static number => $"{number}")];

        await EnqueueAsync(bodies);

        AssertReceived(bodies, TextsOf(await ReceiveAllAsync()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task A_call_with_no_messages_or_more_than_a_hundred_is_refused(int count)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => EnqueueAsync(Enumerable.Repeat("x", count)));

        Assert.Empty(await ReceiveAllAsync());
    }

    [Fact]
    public async Task A_body_may_have_48_KiB_of_any_bytes()
    {
        var body = new byte[QueueMessage.MaxBodyBytes];
        new Random(1).NextBytes(body);

        await Queue.EnqueueAsync([new QueueMessage(body)], Cancellation);

        Assert.Equal(body, Assert.Single(await ReceiveAllAsync()));
    }

    [Fact]
    public async Task A_body_over_48_KiB_is_refused_with_the_whole_call()
    {
        QueueMessage[] messages = [new("fits"u8.ToArray()), new(new byte[QueueMessage.MaxBodyBytes + 1])];

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Queue.EnqueueAsync(messages, Cancellation));

        Assert.Empty(await ReceiveAllAsync());
    }

    [Fact]
    public async Task The_size_counts_what_is_on_the_queue_and_scheduled_or_says_why_it_can_not()
    {
        var before = await Size.CountAsync(Cancellation);
        await EnqueueAsync("1", "2");
        await EnqueueAtAsync("3", Now.AddHours(1));

        var after = await Size.CountAsync(Cancellation);

        Assert.NotEmpty(Size.QueueName);
        Assert.Equal(after.Messages is null, after.WhyUnknown is not null);
        if (after.Messages is not null)
            Assert.Equal((0, 3), (before.Messages, after.Messages));
    }

    [Fact]
    public async Task What_is_due_is_counted_without_what_is_scheduled_or_not_at_all()
    {
        var before = await Size.CountDueAsync(Cancellation);
        await EnqueueAsync("1", "2");
        await EnqueueAtAsync("3", Now.AddHours(1));

        var after = await Size.CountDueAsync(Cancellation);

        Assert.Equal((await Size.CountAsync(Cancellation)).Messages is null, after is null);
        if (after is not null)
            Assert.Equal((0, 2), (before, after));
    }

    [Fact]
    public async Task A_cancelled_call_sends_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Queue.EnqueueAsync([new QueueMessage(new byte[1])], new CancellationToken(canceled: true)));

        Assert.Empty(await ReceiveAllAsync());
    }
}
