using System.Collections.Concurrent;
using Amqp;
using Amqp.Framing;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>A connection's pair of links to <c>$cbs</c>, which takes tokens (OASIS AMQP Claims-based Security).</summary>
internal sealed class TokenLink
{
    private const string Node = "$cbs";
    private const int Credit = 10;

    private readonly string _replyTo = $"cbs-{Guid.NewGuid():N}";
    private readonly ConcurrentDictionary<string, TaskCompletionSource<int>> _requests = new(StringComparer.Ordinal);
    private readonly AmqpSender _sender;
    private readonly ReceiverLink _receiver;

    private TokenLink(Session session, AmqpSender sender)
    {
        _sender = sender;
        _receiver = new ReceiverLink(
            session, _replyTo, new Attach { Source = new Source { Address = Node }, Target = new Target { Address = _replyTo } }, onAttached: null);
        _receiver.AddClosedCallback((_, error) => FailAll(error));
        _receiver.Start(Credit, OnAnswer);
    }

    public static async Task<TokenLink> OpenAsync(Session session, CancellationToken cancellationToken) =>
        new(session, await AmqpSender.OpenAsync(session, Node, cancellationToken));

    /// <summary>Puts a token for an audience; what it replaces ends.</summary>
    /// <exception cref="ServiceBusException">It was refused.</exception>
    public async Task PutAsync(ServiceBusToken token, string audience, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests[id] = answer;
        try
        {
            // Looked at with the request in the list: of a link that closes later, the callback tells.
            if (_receiver.IsClosed)
                throw ServiceBusFailures.Of(_receiver.Error);
            await _sender.SendAsync(Request(id, token, audience), cancellationToken);
            var status = await answer.Task.WaitAsync(cancellationToken);
            if (status is not (200 or 202))
                throw ServiceBusFailures.OfTokenStatus(status);
        }
        finally
        {
            _requests.TryRemove(id, out _);
        }
    }

    private Message Request(string id, ServiceBusToken token, string audience) => new(token.Text)
    {
        Properties = new Properties { MessageId = id, ReplyTo = _replyTo },
        ApplicationProperties = new ApplicationProperties
        {
            ["operation"] = "put-token",
            ["type"] = token.Type,
            ["name"] = audience,
            ["expiration"] = token.ExpiresAt.UtcDateTime,
        },
    };

    // An answer to a request whose caller has left is nobody's.
    private void OnAnswer(IReceiverLink link, Message answer)
    {
        link.Accept(answer);
        if (_requests.TryGetValue(answer.Properties?.CorrelationId ?? "", out var request))
            request.TrySetResult(answer.ApplicationProperties?["status-code"] is int status ? status : 0);
    }

    private void FailAll(Error? error)
    {
        foreach (var request in _requests.Values)
            request.TrySetException(ServiceBusFailures.Of(error));
    }
}
