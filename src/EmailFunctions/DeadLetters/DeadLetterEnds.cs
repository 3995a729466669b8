using EmailFunctions.Delivery;
using EmailFunctions.Messages;

namespace EmailFunctions.DeadLetters;

/// <summary>What can become of a dead letter.</summary>
internal static class DeadLetterEnds
{
    /// <summary>Why it failed whose dead letter somebody discarded.</summary>
    public const string DiscardedReason = "discarded";

    /// <summary>Why it ended that had never been accepted, and was accepted as a new message by its replay.</summary>
    public const string ReplayedReason = "replayed";

    /// <summary>Why it failed whose dead letter nobody cared for in time.</summary>
    public const string ExpiredReason = "dead_letter_expired";

    /// <summary>Why a message ended whose content named a recipient that was to be erased.</summary>
    public const string ErasedReason = "erased";

    /// <summary>Why a message expired that was held for too long.</summary>
    public const string HeldReason = "held_expired";

    /// <summary>
    /// It begins anew, behind those that wait already: by its first arrival it would stand before them all. What it had taken of its
    /// tenant's budget was given back when it died, so it is charged anew.
    /// </summary>
    public static LedgerEntry Replay(LedgerEntry entry, DateTimeOffset now) => Outcomes.Queue(entry, now) with { ArrivedAt = now, Charge = null, SpentUsd = 0 };

    /// <summary>It ends without its content. The payload, where it lies in the store, is to be removed after this is written.</summary>
    public static LedgerEntry Fail(LedgerEntry entry, string reason, DateTimeOffset now) =>
        (entry.WithoutContent() with { Status = MessageStatus.Failed, Reason = reason })
        .WithHistory(new HistoryEntry(MessageStatus.Failed.Name(), now));
}
