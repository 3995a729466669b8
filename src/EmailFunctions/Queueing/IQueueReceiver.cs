namespace EmailFunctions.Queueing;

/// <summary>
/// The receiving side of a queue that this process pumps by itself. In Azure the Functions host does this; there is no adapter
/// for it there. A message is leased: when the lease ends without an answer, it is delivered again.
/// </summary>
public interface IQueueReceiver
{
    /// <summary>Leases up to <paramref name="limit"/> messages that are visible, of each group the oldest first; none is an answer too.</summary>
    Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Extends a lease from now on; false when it was lost.</summary>
    Task<bool> RenewAsync(LeasedMessage message, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Removes messages that were handled, in one operation; returns how many, leaving out those whose lease was lost.</summary>
    Task<int> CompleteAsync(IReadOnlyList<LeasedMessage> messages, CancellationToken cancellationToken);

    /// <summary>Gives a message back, visible again after <paramref name="delay"/>; false when its lease was lost.</summary>
    Task<bool> AbandonAsync(LeasedMessage message, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Returns when a message may be visible: one was put on the queue, or the time of a scheduled one has come.</summary>
    Task WaitAsync(CancellationToken cancellationToken);
}

/// <summary>A message under lease.</summary>
/// <param name="Sequence">The message's number, unique in its queue.</param>
/// <param name="Lease">Names this delivery; a later one has another.</param>
/// <param name="DeliveryCount">1 on the first delivery.</param>
/// <param name="Body">As it was put on the queue.</param>
public sealed record LeasedMessage(long Sequence, string Lease, int DeliveryCount, ReadOnlyMemory<byte> Body);
