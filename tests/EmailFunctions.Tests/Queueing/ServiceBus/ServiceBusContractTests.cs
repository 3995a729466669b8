using Amqp;
using Amqp.Sasl;
using EmailFunctions.Queueing;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

/// <summary>The contract of delivery queues, with the broker's messages received over AMQP as the Functions host does.</summary>
public sealed class ServiceBusContractTests : DeliveryQueueContract, IAsyncLifetime
{
    private readonly ServiceBusBench _bench = ServiceBusBench.Start();
    private Connection _connection = null!;
    private ReceiverLink _receiver = null!;

    protected override IDeliveryQueue Queue => _bench.Queue;

    protected override IQueueSize Size { get; } = new UncountedQueue(ServiceBusBench.QueueName, "It needs the right Manage.");

    protected override TimeSpan Tick => TimeSpan.FromSeconds(0.1);

    protected override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        var factory = new ConnectionFactory();
        factory.SASL.Profile = SaslProfile.Anonymous;
        _connection = await factory.CreateAsync(new Address($"amqp://127.0.0.1:{_bench.Broker.Port}"));
        _receiver = new ReceiverLink(new Session(_connection), "receiver", ServiceBusBench.QueueName);
        _receiver.SetCredit(0, CreditMode.Manual);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.CloseAsync();
        await _bench.DisposeAsync();
    }

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time, Cancellation);

    protected override async Task<IReadOnlyList<byte[]>> ReceiveAllAsync()
    {
        var bodies = new List<byte[]>();
        for (var visible = Visible(); visible > 0; visible--)
        {
            _receiver.SetCredit(1, CreditMode.Manual);
            var message = await _receiver.ReceiveAsync(ServiceBusBench.Patience);
            bodies.Add((byte[])message.Body);
            _receiver.Accept(message);
        }

        return bodies;
    }

    protected override async Task<IReadOnlyList<byte[]>> ReceiveDueAsync()
    {
        await _bench.Stored.WaitUntilAsync(_ => Visible() > 0, ServiceBusBench.Patience, Cancellation);
        return await ReceiveAllAsync();
    }

    private int Visible() => _bench.Stored.Messages.Count(static message => message.State == ServiceBusMessageState.Waiting);
}
