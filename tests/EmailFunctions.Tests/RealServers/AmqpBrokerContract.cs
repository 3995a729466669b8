using System.Text;
using Amqp;
using Amqp.Sasl;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Storage;
using EmailFunctions.TestKit.ServiceBus;
using EmailFunctions.Tests.Queueing.ServiceBus;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.RealServers;

/// <summary>What the AMQP adapter does with a broker that this project did not write.</summary>
public abstract class AmqpBrokerContract : IAsyncLifetime
{
    private readonly string _queue = $"queue-{Guid.NewGuid():N}";
    private readonly List<IAsyncDisposable> _opened = [];

    protected abstract IRealBroker Broker { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Broker.CreateQueueAsync(_queue);

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in Enumerable.Reverse(_opened))
            await opened.DisposeAsync();
    }

    [Fact]
    public async Task A_message_arrives_byte_for_byte()
    {
        var body = new byte[QueueMessage.MaxBodyBytes];
        new Random(1).NextBytes(body);

        await Open(Broker.Port).EnqueueAsync([new QueueMessage(body)], Cancellation);

        Assert.Equal(body, Assert.Single(await ReadAsync()));
    }

    [Fact]
    public async Task A_hundred_messages_of_one_call_arrive_in_their_order()
    {
        string[] bodies = [.. Enumerable.Range(0, 100).Select(static number => $"{number}")];

        await SendAsync(Open(Broker.Port), bodies);

        Assert.Equal(bodies, await ReadTextsAsync());
    }

    [Fact]
    public async Task Many_senders_at_once_lose_nothing()
    {
        var queue = Open(Broker.Port);

        await Task.WhenAll(Enumerable.Range(0, 300).Select(number => SendAsync(queue, $"{number}")));

        Assert.Equal(300, (await ReadTextsAsync()).Distinct().Count());
    }

    [Theory]
    [InlineData(AmqpStep.Connected)]
    [InlineData(AmqpStep.Opened)]
    [InlineData(AmqpStep.Attached)]
    [InlineData(AmqpStep.TransferArrived)]
    [InlineData(AmqpStep.TransferAnswered)]
    [InlineData(AmqpStep.AnswerDelivered)]
    public async Task A_connection_that_is_cut_loses_nothing(AmqpStep step)
    {
        var proxy = AmqpProxy.Start(Broker.Port);
        _opened.Add(proxy);
        var queue = Open(proxy.Port);
        proxy.Cuts.Arm(step);

        await SendAsync(queue, "1", "2");
        await SendAsync(queue, "3");

        Assert.Equal(1, proxy.Cuts.Made);
        Assert.Equal(["1", "2", "3"], (await ReadTextsAsync()).Distinct().Order());
    }

    [Fact]
    public async Task A_broker_that_was_restarted_is_found_again_and_a_stopped_one_is_unreachable()
    {
        var queue = Open(Broker.Port);
        await SendAsync(queue, "before");

        await Broker.StopAsync();
        var stopped = await Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync(queue, "meanwhile"));
        await Broker.StartAsync(Cancellation);
        await SendAsync(queue, "after");

        Assert.Equal(ServiceBusFailure.Unreachable, ServiceBusBench.FailureOf(stopped));
        Assert.Equal(Broker.IsDurable ? ["before", "after"] : ["after"], await ReadTextsAsync());
    }

    [Fact]
    public async Task A_message_for_later_is_refused_and_not_delivered_at_once()
    {
        var queue = Open(Broker.Port);

        Assert.Equal(TimeSpan.Zero, queue.LongestDelay);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => queue.EnqueueAsync([new QueueMessage(new byte[1], DateTimeOffset.UtcNow.AddMinutes(1))], Cancellation));
    }

    internal ServiceBusDeliveryQueue Open(int port, string? login = null)
    {
        login ??= Broker.Login;
        var options = ServiceBusOptions.Parse($"Endpoint=amqp://{(login.Length > 0 ? login + "@" : "")}127.0.0.1:{port}");
        var times = ServiceBusBench.Quick with { Answer = TimeSpan.FromSeconds(4), Opening = TimeSpan.FromSeconds(8) };
        var queue = new ServiceBusDeliveryQueue(
            options, Broker.NodeOf(_queue), TimeProvider.System, static () => 0, NullLogger<ServiceBusDeliveryQueue>.Instance, times);
        _opened.Add(queue);
        return queue;
    }

    private static Task SendAsync(ServiceBusDeliveryQueue queue, params IEnumerable<string> bodies) =>
        queue.EnqueueAsync([.. bodies.Select(static body => ServiceBusBench.Message(body))], Cancellation);

    private async Task<List<string>> ReadTextsAsync() => [.. (await ReadAsync()).Select(Encoding.UTF8.GetString)];

    /// <summary>Takes all messages that the broker has.</summary>
    private async Task<List<byte[]>> ReadAsync()
    {
        var factory = new ConnectionFactory();
        if (Broker.Login.Length == 0)
            factory.SASL.Profile = SaslProfile.Anonymous;
        var connection = await factory.CreateAsync(new Address($"amqp://{(Broker.Login.Length > 0 ? Broker.Login + "@" : "")}127.0.0.1:{Broker.Port}"));
        var receiver = new ReceiverLink(new Session(connection), "reader", Broker.NodeOf(_queue));
        var bodies = new List<byte[]>();
        // What there is comes at once; the last wait is for what isn't there.
        while (await receiver.ReceiveAsync(TimeSpan.FromSeconds(bodies.Count == 0 ? 10 : 1)) is { } message)
        {
            bodies.Add((byte[])message.Body);
            receiver.Accept(message);
        }

        await connection.CloseAsync();
        return bodies;
    }
}
