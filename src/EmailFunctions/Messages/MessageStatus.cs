namespace EmailFunctions.Messages;

/// <summary>Where a message is in its life.</summary>
public enum MessageStatus
{
    Queued,
    Sending,

    /// <summary>Waiting: for a slot, a time or a retry.</summary>
    Deferred,
    Sent,
    Failed,
    Cancelled,
    Expired,

    /// <summary>All attempts failed; kept with its payload, to be sent again or discarded.</summary>
    DeadLettered,
}

/// <summary>The names of <see cref="MessageStatus"/> on the wire and in the store.</summary>
public static class MessageStatuses
{
    /// <summary>Nothing more will happen by itself.</summary>
    public static bool IsFinal(this MessageStatus status) =>
        status is MessageStatus.Sent or MessageStatus.Failed or MessageStatus.Cancelled or MessageStatus.Expired or MessageStatus.DeadLettered;

    public static string Name(this MessageStatus status) => status switch
    {
        MessageStatus.Queued => "queued",
        MessageStatus.Sending => "sending",
        MessageStatus.Deferred => "deferred",
        MessageStatus.Sent => "sent",
        MessageStatus.Failed => "failed",
        MessageStatus.Cancelled => "cancelled",
        MessageStatus.Expired => "expired",
        MessageStatus.DeadLettered => "dead_lettered",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    public static MessageStatus Parse(string name) => name switch
    {
        "queued" => MessageStatus.Queued,
        "sending" => MessageStatus.Sending,
        "deferred" => MessageStatus.Deferred,
        "sent" => MessageStatus.Sent,
        "failed" => MessageStatus.Failed,
        "cancelled" => MessageStatus.Cancelled,
        "expired" => MessageStatus.Expired,
        "dead_lettered" => MessageStatus.DeadLettered,
        _ => throw new InvalidDataException($"A ledger row has the unknown status '{name}'."),
    };
}
