using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Delivery;

/// <summary>The one table from what a provider did to what becomes of the message.</summary>
internal static class Outcomes
{
    /// <summary>Why a message waits whose outcome nobody saw.</summary>
    public const string UnknownReason = "outcome_unknown";

    private const string RetryReason = "retry";

    /// <summary>The result of an attempt whose process died.</summary>
    public static SendResult Unseen { get; } = SendResult.Failed(SendStatus.Unknown, ErrorCategory.Unexpected, "The process that sent it ended before it wrote down the outcome.");

    public static LedgerEntry Of(LedgerEntry claimed, Attempt attempt, RetryPolicy retries, DateTimeOffset now)
    {
        var result = attempt.Result;
        var entry = claimed with
        {
            Provider = attempt.Provider?.Type.Name() ?? claimed.Provider,
            ProviderMessageId = result.ProviderMessageId,
            ProviderAnswer = result.Answer,
            ErrorCategory = result.Category?.Name(),
            RefusedRecipients = [.. result.RefusedRecipients],
            ClaimedBy = null,
            ClaimedUntil = null,
        };
        return result.Status switch
        {
            SendStatus.Sent => End(entry, MessageStatus.Sent, now),
            SendStatus.Permanent => End(entry, MessageStatus.Failed, now),
            SendStatus.Unknown => Again(Note(entry, HistoryEntry.Unknown, now), UnknownReason, result, retries, now),
            _ => Again(entry, RetryReason, result, retries, now),
        };
    }

    /// <summary>The message has no attempt left; its payload stays, so that it can be sent again by hand.</summary>
    public static LedgerEntry GiveUp(LedgerEntry entry, DateTimeOffset now) =>
        Note(
            entry with { Status = MessageStatus.DeadLettered, DueAt = null, SweepAt = null, ClaimedBy = null, ClaimedUntil = null },
            MessageStatus.DeadLettered.Name(),
            now);

    private static LedgerEntry End(LedgerEntry entry, MessageStatus status, DateTimeOffset now) =>
        Note(entry with { Status = status, DueAt = null, SweepAt = null, Payload = null, PayloadStored = false }, status.Name(), now);

    private static LedgerEntry Again(LedgerEntry entry, string reason, SendResult result, RetryPolicy retries, DateTimeOffset now)
    {
        if (!retries.MayRetry(entry.Attempts))
            return GiveUp(entry, now);
        var due = now + retries.DelayAfter(entry.Attempts, result.RetryAfter);
        var waiting = entry with { Status = MessageStatus.Deferred, Reason = reason, DueAt = due, SweepAt = due };
        return waiting.WithHistory(Line(waiting, MessageStatus.Deferred.Name(), now) with { NextAttemptAt = due });
    }

    private static LedgerEntry Note(LedgerEntry entry, string status, DateTimeOffset now) => entry.WithHistory(Line(entry, status, now));

    private static HistoryEntry Line(LedgerEntry entry, string status, DateTimeOffset now) => new(status, now)
    {
        Attempt = entry.Attempts,
        Provider = entry.Provider,
        ErrorCategory = entry.ErrorCategory,
        Answer = entry.ProviderAnswer,
    };
}
