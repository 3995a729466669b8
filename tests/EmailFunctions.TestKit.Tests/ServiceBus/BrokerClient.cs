using Amqp;
using Amqp.Framing;
using Amqp.Sasl;
using Amqp.Types;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.TestKit.Tests.ServiceBus;

/// <summary>A client of the broker, with one session.</summary>
internal sealed class BrokerClient : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private BrokerClient(Connection connection)
    {
        Connection = connection;
        Session = new Session(connection);
    }

    public Connection Connection { get; }

    public Session Session { get; }

    public static async Task<BrokerClient> OpenAsync(ServiceBusBroker broker)
    {
        var factory = new ConnectionFactory();
        factory.SASL.Profile = SaslProfile.Anonymous;
        return new BrokerClient(await factory.CreateAsync(new Address($"amqp://127.0.0.1:{broker.Port}")));
    }

    public SenderLink Sender(string queue) => new(Session, $"send-{Guid.NewGuid():N}", queue);

    public ReceiverLink Receiver(string queue) => new(Session, $"receive-{Guid.NewGuid():N}", queue);

    public static Message Text(string text, DateTimeOffset? visibleAt = null)
    {
        var message = new Message
        {
            Header = new Header { Durable = true },
            Properties = new Properties { MessageId = text },
            BodySection = new Data { Binary = System.Text.Encoding.UTF8.GetBytes(text) },
        };
        if (visibleAt is { } at)
            message.MessageAnnotations = new MessageAnnotations { [new Symbol("x-opt-scheduled-enqueue-time")] = at.UtcDateTime };
        return message;
    }

    public static string TextOf(Message message) => System.Text.Encoding.UTF8.GetString((byte[])message.Body);

    public static Message Batch(params Message[] messages)
    {
        var sections = new DataList();
        foreach (var message in messages)
        {
            var encoded = message.Encode();
            sections.Add(new Data { Binary = encoded.Buffer.AsSpan(encoded.Offset, encoded.Length).ToArray() });
        }

        return new Message { Format = 0x80013700, BodySection = sections };
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Connection.CloseAsync(TimeSpan.FromSeconds(1), null);
        }
        catch (AmqpException)
        {
            // Closed already.
        }
    }
}
