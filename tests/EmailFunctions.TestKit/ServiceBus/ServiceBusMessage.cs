namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>Where a message of a queue stands.</summary>
public enum ServiceBusMessageState
{
    /// <summary>To be delivered.</summary>
    Waiting,

    /// <summary>Not to be delivered yet.</summary>
    Scheduled,

    /// <summary>Delivered, and not settled.</summary>
    Locked,
}

/// <summary>A message as it was at one instant.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="SequenceNumber">Its number in the queue; a scheduled message gets another one when its time comes.</param>
/// <param name="MessageId">As the sender set it; empty for none.</param>
/// <param name="Body">The body's bytes; empty where it isn't binary.</param>
/// <param name="IsBinary">Whether the body is a data section.</param>
/// <param name="IsDurable">As the sender set it.</param>
/// <param name="DeliveryCount">How many deliveries have failed.</param>
/// <param name="EnqueuedAt">When it was sent; where it was scheduled, the time for which.</param>
/// <param name="LockedUntil">When its lock ends, where it is locked.</param>
/// <param name="DeadLetterReason">Why it is on a dead-letter queue; empty elsewhere.</param>
public sealed record ServiceBusMessage(
    ServiceBusMessageState State,
    long SequenceNumber,
    string MessageId,
    ReadOnlyMemory<byte> Body,
    bool IsBinary,
    bool IsDurable,
    int DeliveryCount,
    DateTimeOffset EnqueuedAt,
    DateTimeOffset? LockedUntil,
    string DeadLetterReason);
