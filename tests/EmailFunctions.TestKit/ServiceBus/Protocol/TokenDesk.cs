using Amqp;
using Amqp.Framing;
using Amqp.Listener;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>The node <c>$cbs</c>: takes tokens, each good for its connection and for what its audience names.</summary>
internal sealed class TokenDesk(Func<ServiceBusToken, DateTimeOffset?>? check) : IRequestProcessor
{
    private readonly Lock _gate = new();
    private readonly List<ServiceBusToken> _tokens = [];
    private readonly Dictionary<Connection, Dictionary<string, DateTimeOffset>> _good = [];

    public int Credit => 100;

    public IReadOnlyList<ServiceBusToken> Tokens
    {
        get
        {
            lock (_gate)
            {
                return [.. _tokens];
            }
        }
    }

    public void Process(RequestContext requestContext)
    {
        var request = requestContext.Message;
        var token = new ServiceBusToken(Text(request, "type"), Text(request, "name"), request.Body as string ?? "");
        var end = check is null ? DateTimeOffset.UtcNow.AddHours(1) : check(token);
        lock (_gate)
        {
            _tokens.Add(token);
            if (end is { } at)
            {
                Known(requestContext.Link.Session.Connection)[PathOf(token.Audience)] = at;
            }
        }

        requestContext.Complete(new Message
        {
            ApplicationProperties = new ApplicationProperties
            {
                ["status-code"] = end is null ? 401 : 202,
                ["status-description"] = end is null ? "InvalidSignature: The token is not good." : "Accepted",
            },
        });
    }

    /// <summary>Whether the connection has a token for the entity, or for what is above it.</summary>
    public bool Allows(Connection connection, string entity)
    {
        if (check is null)
        {
            return true;
        }

        lock (_gate)
        {
            return _good.TryGetValue(connection, out var known) && known.Any(
                token => token.Value > DateTimeOffset.UtcNow && entity.StartsWith(token.Key, StringComparison.OrdinalIgnoreCase));
        }
    }

    private static string Text(Message message, string name) => message.ApplicationProperties?[name] as string ?? "";

    private static string PathOf(string audience) =>
        Uri.TryCreate(audience, UriKind.Absolute, out var uri) ? uri.AbsolutePath.Trim('/') : audience;

    private Dictionary<string, DateTimeOffset> Known(Connection connection)
    {
        if (!_good.TryGetValue(connection, out var known))
        {
            _good[connection] = known = new Dictionary<string, DateTimeOffset>(StringComparer.OrdinalIgnoreCase);
            connection.AddClosedCallback((_, _) =>
            {
                lock (_gate)
                {
                    _good.Remove(connection);
                }
            });
        }

        return known;
    }
}
