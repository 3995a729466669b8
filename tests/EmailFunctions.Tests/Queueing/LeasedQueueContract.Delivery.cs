using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

public abstract partial class LeasedQueueContract
{
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
    public async Task The_count_holds_visible_leased_and_scheduled_messages()
    {
        await EnqueueAsync("1", "2");
        await EnqueueAtAsync("3", Now.AddHours(1));
        await ReceiveAsync(limit: 1);

        Assert.Equal(3, await CountAsync());
    }

    [Fact]
    public async Task What_is_in_hand_or_was_given_back_for_later_is_due_until_it_is_removed()
    {
        await EnqueueAsync("1", "2", "3");
        await EnqueueAtAsync("4", Now.AddHours(1));
        var messages = await ReceiveAsync(limit: 2);
        await Receiver.AbandonAsync(messages[0], TimeSpan.FromMinutes(10), Cancellation);

        Assert.Equal(3, await Size.CountDueAsync(Cancellation));
        await Receiver.CompleteAsync([messages[1]], Cancellation);
        Assert.Equal(2, await Size.CountDueAsync(Cancellation));
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
    public async Task A_cancelled_call_leaves_a_lease_as_it_is()
    {
        var cancelled = new CancellationToken(canceled: true);
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.CompleteAsync([message], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.AbandonAsync(message, TimeSpan.Zero, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.RenewAsync(message, Lease, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Receiver.ReceiveAsync(1, Lease, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Size.CountAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Size.CountDueAsync(cancelled));

        Assert.Equal(1, await CountAsync());
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
