using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

public abstract partial class DeliveryQueueContract
{
    [Fact]
    public async Task An_empty_queue_delivers_nothing()
    {
        Assert.Empty(await ReceiveAsync());
        Assert.Equal(0, await Receiver.CountAsync(Cancellation));
    }

    [Fact]
    public async Task Messages_are_delivered_in_the_order_in_which_they_came()
    {
        await EnqueueAsync("1", "2");
        await EnqueueAsync("3");

        Assert.Equal(["1", "2", "3"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task No_more_messages_are_delivered_than_asked_for_and_the_oldest_first()
    {
        await EnqueueAsync("1", "2", "3");

        Assert.Equal(["1", "2"], await ReceiveTextsAsync(limit: 2));
        Assert.Equal(["3"], await ReceiveTextsAsync(limit: 2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_limit_below_one_is_refused(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ReceiveAsync(limit));

    [Fact]
    public async Task A_first_delivery_counts_one_and_has_a_lease_and_a_number_of_its_own()
    {
        await EnqueueAsync("1", "2");

        var first = await ReceiveAsync(limit: 1);
        var second = await ReceiveAsync(limit: 1);

        var messages = first.Concat(second).ToList();
        Assert.All(messages, static message => Assert.Equal(1, message.DeliveryCount));
        Assert.Equal(2, messages.Select(static message => message.Sequence).Distinct().Count());
        Assert.Equal(2, messages.Select(static message => message.Lease).Distinct().Count());
    }

    [Fact]
    public async Task A_scheduled_message_is_not_delivered_before_its_time()
    {
        await EnqueueAtAsync("later", Now.AddSeconds(20));
        await EnqueueAsync("now");

        Assert.Equal(["now"], await ReceiveTextsAsync());
        await PassAsync(TimeSpan.FromSeconds(18));
        Assert.Empty(await ReceiveAsync());
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(["later"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task A_message_scheduled_for_a_time_that_has_passed_is_delivered_at_once()
    {
        await EnqueueAtAsync("overdue", Now.AddHours(-1));

        Assert.Equal(["overdue"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Messages_of_one_call_may_be_scheduled_for_different_times()
    {
        await Queue.EnqueueAsync(
            [new QueueMessage("later"u8.ToArray(), Now.AddSeconds(20)), new QueueMessage("now"u8.ToArray())], Cancellation);

        Assert.Equal(["now"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task A_hundred_messages_are_put_on_the_queue_in_one_call()
    {
        string[] bodies = [.. Enumerable.Range(0, 100).Select(static number => $"{number}")];

        await EnqueueAsync(bodies);

        Assert.Equal(100, await Receiver.CountAsync(Cancellation));
        Assert.Equal(bodies, await ReceiveTextsAsync(limit: 100));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task A_call_with_no_messages_or_more_than_a_hundred_is_refused(int count)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => EnqueueAsync(Enumerable.Repeat("x", count)));

        Assert.Equal(0, await Receiver.CountAsync(Cancellation));
    }

    [Fact]
    public async Task A_body_may_have_48_KiB_of_any_bytes()
    {
        var body = new byte[QueueMessage.MaxBodyBytes];
        new Random(1).NextBytes(body);

        await Queue.EnqueueAsync([new QueueMessage(body)], Cancellation);

        Assert.Equal(body, (await ReceiveOneAsync()).Body.ToArray());
    }

    [Fact]
    public async Task A_body_over_48_KiB_is_refused_with_the_whole_call()
    {
        QueueMessage[] messages = [new("fits"u8.ToArray()), new(new byte[QueueMessage.MaxBodyBytes + 1])];

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Queue.EnqueueAsync(messages, Cancellation));

        Assert.Equal(0, await Receiver.CountAsync(Cancellation));
    }

    [Fact]
    public async Task The_count_holds_visible_leased_and_scheduled_messages()
    {
        await EnqueueAsync("1", "2");
        await EnqueueAtAsync("3", Now.AddHours(1));
        await ReceiveAsync(limit: 1);

        Assert.Equal(3, await Receiver.CountAsync(Cancellation));
    }

    [Fact]
    public async Task Two_receivers_never_have_the_same_message_at_once()
    {
        await EnqueueAsync(Enumerable.Range(0, 100).Select(static number => $"{number}"));

        var received = await Task.WhenAll(DrainAsync(Receiver), DrainAsync(SecondReceiver));

        var texts = received.SelectMany(static messages => messages).Select(TextOf).ToList();
        Assert.Equal(100, texts.Count);
        Assert.Equal(100, texts.Distinct().Count());
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Queue.EnqueueAsync([new QueueMessage(new byte[1])], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.CompleteAsync([message], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.AbandonAsync(message, TimeSpan.Zero, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.RenewAsync(message, Lease, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.ReceiveAsync(1, Lease, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.CountAsync(cancelled));

        Assert.Equal(1, await Receiver.CountAsync(Cancellation));
        Assert.Empty(await ReceiveAsync());
        Assert.Equal(1, await Receiver.CompleteAsync([message], Cancellation));
    }

    private Task<List<LeasedMessage>> DrainAsync(IQueueReceiver receiver) => Task.Run(
        async () =>
        {
            var all = new List<LeasedMessage>();
            while (all.Count < 1_000 && await receiver.ReceiveAsync(3, Lease, Cancellation) is { Count: > 0 } messages)
                all.AddRange(messages);
            return all;
        },
        Cancellation);
}
