using System.Collections.Immutable;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Delivery;

/// <summary>The one table from what a provider did to what becomes of the message.</summary>
internal static class Outcomes
{
    /// <summary>Why a message waits whose outcome nobody saw.</summary>
    public const string UnknownReason = "outcome_unknown";

    /// <summary>Why a message waits that a limit of its tenant puts off; the limit is named beside it.</summary>
    public const string LimitReason = "limit";

    /// <summary>Why a message waits for another attempt.</summary>
    public const string RetryReason = "retry";

    /// <summary>Why a message waits until its provider takes mail again.</summary>
    public const string ProviderReason = "provider";

    /// <summary>Why a message is held until its tenant's configuration is changed.</summary>
    public const string ConfigReason = "configuration";

    /// <summary>Why a message waits whose tenant an admin has suspended.</summary>
    public const string SuspendedReason = "suspended";

    /// <summary>How long a provider that says "too much" without saying how long is left alone.</summary>
    private static readonly TimeSpan DefaultPause = TimeSpan.FromMinutes(1);

    /// <summary>The result of an attempt whose process died.</summary>
    public static SendResult Unseen { get; } = SendResult.Failed(SendStatus.Unknown, ErrorCategory.Unexpected, "The process that sent it ended before it wrote down the outcome.");

    /// <summary>What becomes of a message after an attempt.</summary>
    /// <param name="claimed">Its row.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="retries">When it is tried again.</param>
    /// <param name="holdsUnknown">Whether its tenant wants it held rather than sent twice.</param>
    /// <param name="now">Now.</param>
    public static LedgerEntry Of(LedgerEntry claimed, Attempt attempt, RetryPolicy retries, bool holdsUnknown, DateTimeOffset now)
    {
        var result = attempt.Result;
        var entry = After(claimed, attempt);
        return result.Status switch
        {
            SendStatus.Sent when entry.OpenRecipients.Count > 0 => Again(entry with { ErrorCategory = ErrorCategory.Recipient.Name() }, RetryReason, result, retries, now),
            SendStatus.Sent => End(entry, MessageStatus.Sent, now),
            // Recipients that another call put off may still get it.
            SendStatus.Permanent when attempt.IsAboutRecipients && attempt.Refused.Count > 0 && entry.OpenRecipients.Count > 0 => Again(entry, RetryReason, result, retries, now),
            // The others have it.
            SendStatus.Permanent when !entry.TakenRecipients.IsEmpty => End(entry with { RefusedRecipients = Joined(entry.RefusedRecipients, entry.OpenRecipients) }, MessageStatus.Sent, now),
            SendStatus.Permanent => End(entry, MessageStatus.Failed, now),
            SendStatus.Misconfigured => Hold(entry, ConfigReason, now),
            SendStatus.Throttled or SendStatus.Postponed => Wait(entry, ProviderReason, PauseUntil(result, now), now) with { Limit = LimitNames.Provider },
            SendStatus.Unknown => NobodySaw(Note(entry with { UnclearPlace = attempt.Place }, HistoryEntry.Unknown, now), result, retries, holdsUnknown, now),
            _ => Again(entry, RetryReason, result, retries, now),
        };
    }

    /// <summary>The row after a call that was for some recipients only, with those that it settled; the message stays claimed.</summary>
    /// <param name="claimed">Its row.</param>
    /// <param name="attempt">The call.</param>
    /// <param name="until">When the claim ends now.</param>
    /// <param name="now">Now.</param>
    public static LedgerEntry Part(LedgerEntry claimed, Attempt attempt, DateTimeOffset until, DateTimeOffset now) =>
        After(claimed, attempt) with { ClaimedBy = claimed.ClaimedBy, ClaimedUntil = until, UpdatedAt = now };

    /// <summary>A provider did not take the message; the attempt goes on with the next one.</summary>
    /// <param name="claimed">Its row.</param>
    /// <param name="attempt">The call.</param>
    /// <param name="next">The place of who is next.</param>
    /// <param name="now">Now.</param>
    public static LedgerEntry FailOver(LedgerEntry claimed, Attempt attempt, int next, DateTimeOffset now) =>
        claimed.WithHistory(Line(After(claimed, attempt), HistoryEntry.FailedOver, now)) with { NextPlace = next };

    /// <summary>Until when a provider that said "too much" is left alone.</summary>
    public static DateTimeOffset PauseUntil(SendResult result, DateTimeOffset now) => now + (result.RetryAfter ?? DefaultPause);

    /// <summary>The message has no attempt left; its payload stays, so that it can be sent again by hand.</summary>
    public static LedgerEntry GiveUp(LedgerEntry entry, DateTimeOffset now) =>
        Note(Rest(entry) with { Status = MessageStatus.DeadLettered }, MessageStatus.DeadLettered.Name(), now);

    /// <summary>The message stays where it is until somebody releases it.</summary>
    public static LedgerEntry Hold(LedgerEntry entry, string reason, DateTimeOffset now)
    {
        var held = Rest(entry) with { Status = MessageStatus.Deferred, Reason = reason, IsHeld = true, SweepAt = entry.ExpiresAt };
        return held.WithHistory(Line(held, MessageStatus.Deferred.Name(), now) with { Limit = reason == LimitNames.MonthlyBudget ? reason : null });
    }

    /// <summary>The message begins anew, with its history: it was held or a dead letter, and somebody let it go.</summary>
    public static LedgerEntry Queue(LedgerEntry entry, DateTimeOffset now) =>
        (Rest(entry) with { Status = MessageStatus.Queued, Failures = 0, FirstAttemptAt = null, NextPlace = 0, UnclearPlace = null, DueAt = now, SweepAt = now }).WithHistory(new HistoryEntry(MessageStatus.Queued.Name(), now));

    /// <summary>It is too late for the message.</summary>
    public static LedgerEntry Expire(LedgerEntry entry, DateTimeOffset now) => End(entry, MessageStatus.Expired, now);

    /// <summary>Somebody wants the message not to be sent.</summary>
    public static LedgerEntry Cancel(LedgerEntry entry, DateTimeOffset now) => End(entry, MessageStatus.Cancelled, now);

    /// <summary>The message waits until a time.</summary>
    public static LedgerEntry Wait(LedgerEntry entry, string reason, DateTimeOffset until, DateTimeOffset now)
    {
        var waiting = Rest(entry) with { Status = MessageStatus.Deferred, Reason = reason, DueAt = until, SweepAt = until };
        return waiting.WithHistory(Line(waiting, MessageStatus.Deferred.Name(), now) with { NextAttemptAt = until });
    }

    /// <summary>A claim whose process died: nobody saw what came of it.</summary>
    public static LedgerEntry Abandoned(LedgerEntry entry, DateTimeOffset now) =>
        entry.WithHistory(new HistoryEntry(HistoryEntry.Unknown, now) { Attempt = entry.Attempts, Provider = entry.Provider }) with { Failures = entry.Failures + 1 };

    private static LedgerEntry After(LedgerEntry claimed, Attempt attempt)
    {
        var result = attempt.Result;
        var taken = attempt.Taken;
        return claimed with
        {
            Provider = attempt.Provider?.Type.Name() ?? claimed.Provider,
            ProviderMessageId = result.ProviderMessageId,
            ProviderAnswer = result.Answer,
            ErrorCategory = result.Category?.Name(),
            TakenRecipients = Joined(claimed.TakenRecipients, taken),
            RefusedRecipients = Joined(claimed.RefusedRecipients, attempt.Refused),
            SpentUsd = claimed.SpentUsd + (taken.Count * (attempt.Provider?.CostPerEmailUsd ?? 0)),
            NextPlace = 0,
            ClaimedBy = null,
            ClaimedUntil = null,
        };
    }

    private static ImmutableArray<int> Joined(ImmutableArray<int> positions, IReadOnlyList<int> more) =>
        more.Count == 0 ? positions : [.. positions.Union(more).Order()];

    private static LedgerEntry NobodySaw(LedgerEntry entry, SendResult result, RetryPolicy retries, bool holds, DateTimeOffset now) =>
        holds ? Hold(entry, UnknownReason, now) : Again(entry, UnknownReason, result, retries, now);

    private static LedgerEntry End(LedgerEntry entry, MessageStatus status, DateTimeOffset now) =>
        Note(Rest(entry.WithoutContent()) with { Status = status, TakenRecipients = status == MessageStatus.Sent ? [] : entry.TakenRecipients }, status.Name(), now);

    private static LedgerEntry Again(LedgerEntry entry, string reason, SendResult result, RetryPolicy retries, DateTimeOffset now)
    {
        var failed = entry with { Failures = entry.Failures + 1 };
        return retries.MayRetry(failed, now)
            ? Wait(failed, reason, now + retries.DelayAfter(failed.Failures, result.RetryAfter), now)
            : GiveUp(failed, now);
    }

    // In nobody's hands and in no line.
    private static LedgerEntry Rest(LedgerEntry entry) => entry with
    {
        Reason = null,
        Limit = null,
        IsWaiting = false,
        IsHeld = false,
        DueAt = null,
        SweepAt = null,
        ClaimedBy = null,
        ClaimedUntil = null,
    };

    private static LedgerEntry Note(LedgerEntry entry, string status, DateTimeOffset now) => entry.WithHistory(Line(entry, status, now));

    private static HistoryEntry Line(LedgerEntry entry, string status, DateTimeOffset now) => new(status, now)
    {
        Attempt = entry.Attempts == 0 ? null : entry.Attempts,
        Provider = entry.Provider,
        ErrorCategory = entry.ErrorCategory,
        Answer = entry.ProviderAnswer,
    };
}
