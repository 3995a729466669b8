using Amqp;
using Amqp.Framing;
using Amqp.Sasl;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Opens connections, and puts a token on <c>$cbs</c> where one is given.</summary>
internal sealed class ServiceBusLogin(Uri address, Func<string, ServiceBusToken>? token)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="AmqpException">The broker refuses.</exception>
    public async Task<Connection> ConnectAsync(string queue)
    {
        var factory = new ConnectionFactory();
        factory.SASL.Profile = SaslProfile.Anonymous;
        var connection = await factory.CreateAsync(new Address(address.ToString()));
        if (token is not null)
        {
            await PutAsync(connection, token($"amqp://{address.Host}/{queue}"));
        }

        return connection;
    }

    private static async Task PutAsync(Connection connection, ServiceBusToken token)
    {
        const string Node = "$cbs";
        var session = new Session(connection);
        var (sender, receiver) = (new SenderLink(session, "cbs-out", Node), new ReceiverLink(session, "cbs-in", new Attach { Source = new Source { Address = Node }, Target = new Target { Address = "host" } }, null));
        receiver.SetCredit(1, CreditMode.Manual);
        var request = new Message(token.Text)
        {
            Properties = new Properties { MessageId = Guid.NewGuid().ToString(), ReplyTo = "host" },
            ApplicationProperties = new ApplicationProperties
            {
                ["operation"] = "put-token",
                ["type"] = token.Type,
                ["name"] = token.Audience,
            },
        };
        await sender.SendAsync(request);
        var answer = await receiver.ReceiveAsync(Patience) ?? throw new TimeoutException("$cbs does not answer.");
        receiver.Accept(answer);
        if (answer.ApplicationProperties["status-code"] is not (200 or 202))
        {
            throw new AmqpException(ErrorCode.UnauthorizedAccess, $"{answer.ApplicationProperties["status-description"]}");
        }

        await session.CloseAsync();
    }
}
