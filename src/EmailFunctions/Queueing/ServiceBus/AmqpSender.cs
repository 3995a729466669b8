using Amqp;
using Amqp.Framing;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>A link on which messages are sent, with tasks where AMQPNetLite has callbacks.</summary>
internal sealed class AmqpSender
{
    private readonly TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SenderLink _link;
    private volatile bool _failed;

    private AmqpSender(Session session, string node)
    {
        _link = new SenderLink(
            session, $"{node}-{Guid.NewGuid():N}", new Attach { Source = new Source(), Target = new Target { Address = node } }, OnAttached);
        _link.AddClosedCallback((_, error) => _attached.TrySetException(ServiceBusFailures.Of(error)));
    }

    /// <summary>Whether messages can be sent, as far as is known here. The library closes a link in several steps, the last of which is late.</summary>
    public bool IsOpen => !_failed && _link.LinkState == LinkState.Attached && !_link.IsClosed;

    /// <summary>The largest message, or envelope, that the node takes; <see cref="int.MaxValue"/> where it does not say.</summary>
    public int MaxBytes { get; private set; } = int.MaxValue;

    /// <exception cref="ServiceBusException">It was refused, or the connection was lost.</exception>
    public static async Task<AmqpSender> OpenAsync(Session session, string node, CancellationToken cancellationToken)
    {
        var sender = new AmqpSender(session, node);
        await sender._attached.Task.WaitAsync(cancellationToken);
        return sender;
    }

    /// <summary>Sends, and returns when the node has taken the message over.</summary>
    /// <exception cref="ServiceBusException">It refused, or its answer did not come: then it may have the message.</exception>
    public async Task SendAsync(Message message, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<Outcome?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _link.Send(message, static (_, _, outcome, state) => ((TaskCompletionSource<Outcome?>)state).TrySetResult(outcome), answer);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _failed = true;
            throw ServiceBusFailures.Of(exception);
        }

        // What was not written yet, for want of credit, is taken back by its caller's leaving.
        await using var leaving = cancellationToken.UnsafeRegister(TakeBack, message);
        switch (await answer.Task.WaitAsync(cancellationToken))
        {
            case Accepted:
                return;
            case Rejected rejected:
                throw ServiceBusFailures.Of(rejected.Error);
            case var other:
                throw new ServiceBusException(ServiceBusFailure.Unreachable, $"the answer was {other?.GetType().Name.ToLowerInvariant() ?? "nothing"}");
        }
    }

    // Whoever cancels, a timer among them, must not get an exception of a link that is closing.
    private void TakeBack(object? message)
    {
        try
        {
            _link.Cancel((Message)message!);
        }
        catch (Exception)
        {
            _failed = true;
        }
    }

    // A refusal is an attach without a target, and a detach with the reason right behind it.
    private void OnAttached(ILink link, Attach attach)
    {
        if (attach.Target is null)
            return;
        MaxBytes = attach.MaxMessageSize is > 0 and < int.MaxValue ? (int)attach.MaxMessageSize : int.MaxValue;
        _attached.TrySetResult();
    }
}
