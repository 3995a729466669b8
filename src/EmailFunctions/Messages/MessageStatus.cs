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

/// <summary>Which of a tenant's messages go first when not all can; the numbers order the line.</summary>
public enum MessagePriority
{
    /// <summary>Overtakes all that wait.</summary>
    High = 1,

    Normal = 2,

    /// <summary>Lets others go first, but gets one slot in ten.</summary>
    Low = 3,
}

/// <summary>The names of <see cref="MessagePriority"/> on the wire.</summary>
public static class MessagePriorities
{
    public static string Name(this MessagePriority priority) => priority switch
    {
        MessagePriority.High => "high",
        MessagePriority.Normal => "normal",
        MessagePriority.Low => "low",
        _ => throw new ArgumentOutOfRangeException(nameof(priority)),
    };

    /// <summary>Null is normal; false for a name that there is not.</summary>
    public static bool TryParse(string? name, out MessagePriority priority)
    {
        priority = name switch
        {
            "high" => MessagePriority.High,
            null or "normal" => MessagePriority.Normal,
            "low" => MessagePriority.Low,
            _ => 0,
        };
        return priority != 0;
    }
}
