using Amqp;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.TestKit.Tests.ServiceBus;

/// <summary>What the broker does with messages as long as nothing is scripted.</summary>
public sealed class BrokerDeliveryTests : IAsyncDisposable
{
    private readonly ServiceBusBroker _broker = ServiceBusBroker.Start();

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Fact]
    public async Task A_message_is_stored_delivered_with_its_annotations_and_completed()
    {
        var queue = _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);

        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        var stored = Assert.Single(queue.Messages);
        var receiver = client.Receiver("MAIL");
        var message = await receiver.ReceiveAsync(BrokerClient.Patience);

        Assert.Equal(("1", true, true), (stored.MessageId, stored.IsBinary, stored.IsDurable));
        Assert.Equal("1", BrokerClient.TextOf(message));
        Assert.Equal(0u, message.Header.DeliveryCount);
        Assert.Equal(1L, message.MessageAnnotations[new Amqp.Types.Symbol("x-opt-sequence-number")]);
        Assert.IsType<DateTime>(message.MessageAnnotations[new Amqp.Types.Symbol("x-opt-enqueued-time")]);
        Assert.IsType<DateTime>(message.MessageAnnotations[new Amqp.Types.Symbol("x-opt-locked-until")]);
        Assert.Equal(ServiceBusMessageState.Locked, Assert.Single(queue.Messages).State);
        receiver.Accept(message);
        await queue.WaitUntilAsync(static queue => queue.Counts.Completes == 1, BrokerClient.Patience, TestContext.Current.CancellationToken);
        Assert.Empty(queue.Messages);
        Assert.Equal(3, queue.Counts.Operations);
    }

    [Fact]
    public async Task An_envelope_is_one_send_of_many_messages_each_with_its_own_time()
    {
        var queue = _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);

        await client.Sender("mail").SendAsync(
            BrokerClient.Batch(BrokerClient.Text("1"), BrokerClient.Text("2", DateTimeOffset.UtcNow.AddHours(1)), BrokerClient.Text("3")), BrokerClient.Patience);

        Assert.Equal((1, 3, 1), (queue.Counts.Sends, queue.Counts.Messages, queue.Counts.Scheduled));
        Assert.Equal(["1", "3", "2"], queue.Messages.Select(static message => message.MessageId));
        Assert.Equal(ServiceBusMessageState.Scheduled, queue.Messages[2].State);
    }

    [Fact]
    public async Task A_scheduled_message_is_not_delivered_before_its_time()
    {
        _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);
        // Whole milliseconds, as AMQP has them.
        var at = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.AddMilliseconds(700).ToUnixTimeMilliseconds());
        var receiver = client.Receiver("mail");
        receiver.SetCredit(10);

        await client.Sender("mail").SendAsync(BrokerClient.Text("later", at), BrokerClient.Patience);
        await client.Sender("mail").SendAsync(BrokerClient.Text("now"), BrokerClient.Patience);

        Assert.Equal("now", BrokerClient.TextOf(await receiver.ReceiveAsync(BrokerClient.Patience)));
        Assert.Equal("later", BrokerClient.TextOf(await receiver.ReceiveAsync(BrokerClient.Patience)));
        Assert.True(DateTimeOffset.UtcNow >= at);
    }

    [Fact]
    public async Task No_more_is_delivered_than_the_receiver_has_credit_for()
    {
        var queue = _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);
        var receiver = client.Receiver("mail");
        receiver.SetCredit(2, autoRestore: false);

        await client.Sender("mail").SendAsync(
            BrokerClient.Batch(BrokerClient.Text("1"), BrokerClient.Text("2"), BrokerClient.Text("3")), BrokerClient.Patience);
        await receiver.ReceiveAsync(BrokerClient.Patience);
        await receiver.ReceiveAsync(BrokerClient.Patience);

        Assert.Equal(2, queue.Counts.Deliveries);
        Assert.Equal("3", queue.Messages.Single(static message => message.State == ServiceBusMessageState.Waiting).MessageId);
    }

    [Fact]
    public async Task An_abandoned_message_comes_again_at_once_and_counts_until_it_is_dead()
    {
        var queue = _broker.CreateQueue("mail", new ServiceBusQueueOptions { MaxDeliveryCount = 3 });
        await using var client = await BrokerClient.OpenAsync(_broker);
        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        var receiver = client.Receiver("mail");

        var counts = new List<uint>();
        for (var delivery = 0; delivery < 3; delivery++)
        {
            var message = await receiver.ReceiveAsync(BrokerClient.Patience);
            counts.Add(message.Header.DeliveryCount);
            receiver.Modify(message, deliveryFailed: true);
        }

        Assert.Equal([0u, 1u, 2u], counts);
        var dead = await client.Receiver("mail/$deadletterqueue").ReceiveAsync(BrokerClient.Patience);
        Assert.Equal("MaxDeliveryCountExceeded", dead.ApplicationProperties["DeadLetterReason"]);
        Assert.Equal((3, 1), (queue.Counts.Abandons, queue.Counts.DeadLettered));
        Assert.Empty(queue.Messages);
    }

    [Fact]
    public async Task A_released_message_comes_again_and_counts_nothing()
    {
        _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);
        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        var receiver = client.Receiver("mail");

        receiver.Release(await receiver.ReceiveAsync(BrokerClient.Patience));

        Assert.Equal(0u, (await receiver.ReceiveAsync(BrokerClient.Patience)).Header.DeliveryCount);
    }

    [Fact]
    public async Task A_rejected_message_is_dead_with_the_reason()
    {
        var queue = _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);
        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        var receiver = client.Receiver("mail");

        receiver.Reject(await receiver.ReceiveAsync(BrokerClient.Patience), new Amqp.Framing.Error("my:reason"));

        await queue.DeadLetterQueue!.WaitUntilAsync(static dead => dead.Messages.Count == 1, BrokerClient.Patience, TestContext.Current.CancellationToken);
        Assert.Equal("my:reason", queue.DeadLetterQueue.Messages[0].DeadLetterReason);
    }

    [Fact]
    public async Task A_lock_ends_by_itself_and_then_the_first_receiver_can_not_complete()
    {
        var queue = _broker.CreateQueue("mail", new ServiceBusQueueOptions { LockDuration = TimeSpan.FromMilliseconds(300) });
        await using var client = await BrokerClient.OpenAsync(_broker);
        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        var receiver = client.Receiver("mail");

        var first = await receiver.ReceiveAsync(BrokerClient.Patience);
        var second = await receiver.ReceiveAsync(BrokerClient.Patience);
        receiver.Accept(first);
        receiver.Accept(second);

        Assert.Equal(1u, second.Header.DeliveryCount);
        await queue.WaitUntilAsync(static queue => queue.Counts.Completes == 1, BrokerClient.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(1, queue.Counts.LocksLost);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_that_goes_loses_its_locks(bool withItsConnection)
    {
        var queue = _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);
        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        var receiver = client.Receiver("mail");
        await receiver.ReceiveAsync(BrokerClient.Patience);

        if (withItsConnection)
            _broker.DropConnections();
        else
            await receiver.CloseAsync();

        await queue.WaitUntilAsync(static queue => queue.Counts.LocksLost == 1, BrokerClient.Patience, TestContext.Current.CancellationToken);
        await using var other = await BrokerClient.OpenAsync(_broker);
        Assert.Equal(1u, (await other.Receiver("mail").ReceiveAsync(BrokerClient.Patience)).Header.DeliveryCount);
    }

    [Fact]
    public async Task A_link_to_no_queue_is_refused()
    {
        await using var client = await BrokerClient.OpenAsync(_broker);

        var error = await Assert.ThrowsAsync<AmqpException>(() => client.Sender("nowhere").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience));

        Assert.Equal(ErrorCode.NotFound, error.Error.Condition);
    }

    [Fact]
    public async Task A_full_queue_refuses_and_stores_nothing()
    {
        var queue = _broker.CreateQueue("mail", new ServiceBusQueueOptions { MaxMessages = 2 });
        await using var client = await BrokerClient.OpenAsync(_broker);
        var batch = BrokerClient.Batch(BrokerClient.Text("1"), BrokerClient.Text("2"), BrokerClient.Text("3"));

        var error = await Assert.ThrowsAsync<AmqpException>(() => client.Sender("mail").SendAsync(batch, BrokerClient.Patience));

        Assert.Equal(ErrorCode.ResourceLimitExceeded, error.Error.Condition);
        Assert.Empty(queue.Messages);
        Assert.Equal((1, 1, 0), (queue.Counts.Sends, queue.Counts.Refused, queue.Counts.Messages));
    }

    [Fact]
    public async Task A_transfer_that_is_too_large_costs_the_link()
    {
        var queue = _broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(_broker);
        var large = BrokerClient.Text(new string('x', 256 * 1024));

        var error = await Assert.ThrowsAsync<AmqpException>(() => client.Sender("mail").SendAsync(large, BrokerClient.Patience));

        Assert.Equal(ErrorCode.MessageSizeExceeded, error.Error.Condition);
        Assert.Empty(queue.Messages);
    }
}
