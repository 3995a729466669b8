using Amqp;
using Amqp.Framing;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>The messages of a queue, and who has which. For one thread at a time.</summary>
internal sealed class QueueState(ServiceBusQueueOptions options, ServiceBusQueue? deadLetters)
{
    private const string LockLost = "com.microsoft:message-lock-lost";

    private readonly SortedDictionary<long, StoredMessage> _waiting = [];
    private readonly SortedSet<StoredMessage> _scheduled = new(ByTime.Instance);
    private readonly Dictionary<Message, StoredMessage> _locked = new(ReferenceEqualityComparer.Instance);
    private readonly List<ReceiveEndpoint> _receivers = [];
    private long _sequence;
    private int _turn;

    public ServiceBusCounts Counts { get; private set; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public int Count => _waiting.Count + _scheduled.Count + _locked.Count;

    /// <summary>When a scheduled message is due or a lock ends.</summary>
    public DateTimeOffset NextEvent
    {
        get
        {
            var due = _scheduled.Min?.EnqueuedAt ?? DateTimeOffset.MaxValue;
            return _locked.Values.Select(static message => message.LockedUntil).Append(due).Min();
        }
    }

    public List<ServiceBusMessage> Show() =>
    [
        .. _waiting.Values.Select(static message => message.Show(ServiceBusMessageState.Waiting)),
        .. _scheduled.Select(static message => message.Show(ServiceBusMessageState.Scheduled)),
        .. _locked.Values.Select(static message => message.Show(ServiceBusMessageState.Locked)),
    ];

    public void CountSend(bool refused) =>
        Counts = Counts with { Sends = Counts.Sends + 1, Refused = Counts.Refused + (refused ? 1 : 0) };

    public void Add(StoredMessage message)
    {
        message.Sequence = ++_sequence;
        var isScheduled = message.EnqueuedAt > DateTimeOffset.UtcNow;
        Counts = Counts with { Messages = Counts.Messages + 1, Scheduled = Counts.Scheduled + (isScheduled ? 1 : 0) };
        if (isScheduled)
        {
            _scheduled.Add(message);
        }
        else
        {
            _waiting.Add(message.Sequence, message);
        }
    }

    public void Grant(ReceiveEndpoint receiver, int messages)
    {
        if (!_receivers.Contains(receiver))
        {
            _receivers.Add(receiver);
        }

        // As the library counts: a receiver that takes back some takes back all.
        receiver.Credit = messages < 0 ? 0 : receiver.Credit + messages;
    }

    public void Forget(ReceiveEndpoint receiver)
    {
        _receivers.Remove(receiver);
        foreach (var held in _locked.Where(pair => pair.Value.Holder == receiver).Select(static pair => pair.Key).ToList())
        {
            Lose(held);
        }
    }

    /// <summary>The lock of this delivery ends without the receiver having said anything.</summary>
    public Error? Lose(Message delivered)
    {
        if (_locked.Remove(delivered, out var message))
        {
            Counts = Counts with { LocksLost = Counts.LocksLost + 1 };
            GiveBack(message, failed: true);
        }

        return null;
    }

    /// <summary>Does as the receiver says; the error where the lock was lost.</summary>
    public Error? Settle(Message delivered, DeliveryState outcome)
    {
        if (!_locked.Remove(delivered, out var message))
        {
            return OpenLinks.NewError(LockLost, "The lock has ended.");
        }

        switch (outcome)
        {
            case Accepted:
                Counts = Counts with { Completes = Counts.Completes + 1 };
                break;
            case Rejected rejected:
                Counts = Counts with { Rejects = Counts.Rejects + 1 };
                Bury(message, rejected.Error?.Condition?.ToString() ?? "Rejected");
                break;
            default:
                // The standard: a released message was not worked on, so it counts as no attempt.
                Counts = Counts with { Abandons = Counts.Abandons + 1 };
                GiveBack(message, failed: outcome is not Released);
                break;
        }

        return null;
    }

    /// <summary>Moves what is due; returns when to look again.</summary>
    public DateTimeOffset Advance(DateTimeOffset now)
    {
        while (_scheduled.Min is { } first && first.EnqueuedAt <= now)
        {
            _scheduled.Remove(first);
            first.Sequence = ++_sequence;
            _waiting.Add(first.Sequence, first);
        }

        foreach (var ended in _locked.Where(pair => pair.Value.LockedUntil <= now).Select(static pair => pair.Key).ToList())
        {
            Lose(ended);
        }

        return NextEvent;
    }

    /// <summary>Gives messages to receivers that have credit, in turn.</summary>
    public List<(ReceiveEndpoint Receiver, Message Message)> Match(DateTimeOffset now)
    {
        var matched = new List<(ReceiveEndpoint, Message)>();
        while (_waiting.Count > 0 && NextReceiver() is { } receiver)
        {
            var stored = _waiting.First().Value;
            _waiting.Remove(stored.Sequence);
            (stored.Holder, stored.LockedUntil) = (receiver, now + options.LockDuration);
            receiver.Credit--;
            var message = stored.Deliver();
            Counts = Counts with { Deliveries = Counts.Deliveries + 1 };
            // Receive-and-delete: it is sent settled, and gone.
            if (!receiver.Link.SettleOnSend)
            {
                _locked.Add(message, stored);
            }

            matched.Add((receiver, message));
        }

        return matched;
    }

    /// <summary>What tells those receivers that there is no more who asked to be told.</summary>
    public List<Action> TakeDrains()
    {
        var drained = _receivers.Where(static receiver => receiver.Credit > 0 && receiver.Link.IsDraining).ToList();
        drained.ForEach(static receiver => receiver.Credit = 0);
        return [.. drained.Select(static receiver => (Action)receiver.Link.CompleteDrain)];
    }

    private ReceiveEndpoint? NextReceiver()
    {
        for (var tried = 0; tried < _receivers.Count; tried++)
        {
            var receiver = _receivers[_turn++ % _receivers.Count];
            if (receiver.Credit > 0 && !receiver.Link.IsClosed)
            {
                return receiver;
            }
        }

        return null;
    }

    private void GiveBack(StoredMessage message, bool failed)
    {
        message.Holder = null;
        message.FailedDeliveries += failed ? 1 : 0;
        if (message.FailedDeliveries >= options.MaxDeliveryCount)
        {
            Bury(message, "MaxDeliveryCountExceeded");
            return;
        }

        _waiting.Add(message.Sequence, message);
    }

    private void Bury(StoredMessage message, string reason)
    {
        message.Holder = null;
        message.DeadLetterReason = reason;
        Counts = Counts with { DeadLettered = Counts.DeadLettered + 1 };
        if (deadLetters is null)
        {
            // Already on a dead-letter queue.
            _waiting.Add(message.Sequence, message);
            return;
        }

        deadLetters.TakeDead(message);
    }

    private sealed class ByTime : IComparer<StoredMessage>
    {
        public static readonly ByTime Instance = new();

        public int Compare(StoredMessage? x, StoredMessage? y) =>
            (x!.EnqueuedAt, x.Sequence).CompareTo((y!.EnqueuedAt, y.Sequence));
    }
}
