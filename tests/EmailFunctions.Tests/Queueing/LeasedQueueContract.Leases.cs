using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

public abstract partial class LeasedQueueContract
{
    [Fact]
    public async Task A_leased_message_is_not_delivered_again_while_the_lease_lasts()
    {
        await EnqueueAsync("1");
        await ReceiveOneAsync();

        await PassAsync(Lease - TimeSpan.FromSeconds(2));

        Assert.Empty(await ReceiveAsync());
    }

    [Fact]
    public async Task A_message_whose_lease_ended_is_delivered_again_and_counts_it()
    {
        await EnqueueAsync("1");
        var deliveries = new List<LeasedMessage>();
        for (var round = 0; round < 3; round++)
        {
            deliveries.Add(await ReceiveOneAsync());
            await PassAsync(Lease);
        }

        Assert.Equal([1, 2, 3], deliveries.Select(static message => message.DeliveryCount));
        Assert.Single(deliveries.Select(static message => message.Sequence).Distinct());
        Assert.Equal(3, deliveries.Select(static message => message.Lease).Distinct().Count());
        Assert.All(deliveries, static message => Assert.Equal("1", TextOf(message)));
    }

    [Fact]
    public async Task A_completed_message_is_gone_for_good()
    {
        await EnqueueAsync("1", "2");
        var messages = await ReceiveAsync();

        Assert.Equal(1, await Receiver.CompleteAsync([messages[0]], Cancellation));

        Assert.Equal(1, await CountAsync());
        await PassAsync(Lease);
        Assert.Equal(["2"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Messages_of_different_deliveries_are_completed_in_one_call()
    {
        await EnqueueAsync("1", "2", "3");
        var messages = (await ReceiveAsync(limit: 1)).Concat(await ReceiveAsync(limit: 1)).ToList();

        Assert.Equal(2, await Receiver.CompleteAsync(messages, Cancellation));

        Assert.Equal(["3"], await ReceiveTextsAsync());
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_lost_lease_among_those_that_are_completed_is_left_out()
    {
        await EnqueueAsync("1", "2", "3");
        var messages = await ReceiveAsync();
        await Receiver.AbandonAsync(messages[1], TimeSpan.Zero, Cancellation);

        Assert.Equal(2, await Receiver.CompleteAsync(messages, Cancellation));

        var again = await ReceiveOneAsync();
        Assert.Equal(("2", 2), (TextOf(again), again.DeliveryCount));
    }

    [Fact]
    public async Task A_renewed_lease_lasts_from_the_renewal_on()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();
        await PassAsync(Lease / 2);

        Assert.True(await Receiver.RenewAsync(message, Lease, Cancellation));

        await PassAsync(Lease - TimeSpan.FromSeconds(2));
        Assert.Empty(await ReceiveAsync());
        Assert.Equal(1, await Receiver.CompleteAsync([message], Cancellation));
    }

    [Fact]
    public async Task A_renewed_lease_ends_too()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();
        await Receiver.RenewAsync(message, Lease, Cancellation);

        await PassAsync(Lease);

        Assert.Equal(2, (await ReceiveOneAsync()).DeliveryCount);
    }

    [Fact]
    public async Task A_lease_that_ended_is_lost_even_before_the_message_is_delivered_again()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();
        await PassAsync(Lease);

        await AssertLostAsync(message);

        Assert.Equal(2, (await ReceiveOneAsync()).DeliveryCount);
    }

    [Fact]
    public async Task A_lost_lease_can_do_nothing_to_the_next_delivery()
    {
        await EnqueueAsync("1");
        var lost = await ReceiveOneAsync();
        await PassAsync(Lease);
        var next = await ReceiveOneAsync();

        await AssertLostAsync(lost);

        Assert.Empty(await ReceiveAsync());
        Assert.Equal(1, await Receiver.CompleteAsync([next], Cancellation));
    }

    [Fact]
    public async Task A_completed_message_has_no_lease_any_more()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();
        await Receiver.CompleteAsync([message], Cancellation);

        await AssertLostAsync(message);
    }

    [Fact]
    public async Task An_abandoned_message_has_no_lease_any_more()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();
        await Receiver.AbandonAsync(message, TimeSpan.FromSeconds(20), Cancellation);

        await AssertLostAsync(message);

        Assert.Equal(1, await CountAsync());
        Assert.Empty(await ReceiveAsync());
    }

    [Fact]
    public async Task A_message_abandoned_without_delay_is_delivered_again_at_once()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();

        Assert.True(await Receiver.AbandonAsync(message, TimeSpan.Zero, Cancellation));

        var again = await ReceiveOneAsync();
        Assert.Equal((message.Sequence, 2), (again.Sequence, again.DeliveryCount));
    }

    [Fact]
    public async Task A_message_abandoned_with_a_delay_is_delivered_again_after_it()
    {
        await EnqueueAsync("1");

        Assert.True(await Receiver.AbandonAsync(await ReceiveOneAsync(), TimeSpan.FromSeconds(10), Cancellation));

        await PassAsync(TimeSpan.FromSeconds(8));
        Assert.Empty(await ReceiveAsync());
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(2, (await ReceiveOneAsync()).DeliveryCount);
    }

    [Fact]
    public async Task Settling_one_message_of_a_delivery_leaves_the_others()
    {
        await EnqueueAsync("1", "2", "3");
        var messages = await ReceiveAsync();

        await Receiver.CompleteAsync([messages[0]], Cancellation);
        await Receiver.AbandonAsync(messages[1], TimeSpan.Zero, Cancellation);

        Assert.Equal(["2"], await ReceiveTextsAsync());
        Assert.True(await Receiver.RenewAsync(messages[2], Lease, Cancellation));
    }

    private async Task AssertLostAsync(LeasedMessage message)
    {
        Assert.Equal(0, await Receiver.CompleteAsync([message], Cancellation));
        Assert.False(await Receiver.AbandonAsync(message, TimeSpan.Zero, Cancellation));
        Assert.False(await Receiver.RenewAsync(message, Lease, Cancellation));
    }
}
