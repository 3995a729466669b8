using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace EmailFunctions.Messages;

/// <summary>A message's row: all that the service knows about it, and its payload until it is sent.</summary>
public sealed record LedgerEntry
{
    public required MessageId Id { get; init; }

    public required MessageStatus Status { get; init; }

    /// <summary>Why it waits or failed, as a word for programs; null where the status says all.</summary>
    public string? Reason { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public MessagePriority Priority { get; init; } = MessagePriority.Normal;

    /// <summary>Its place among the tenant's messages of the same priority: when it was accepted, or is to be sent at the earliest.</summary>
    public required DateTimeOffset ArrivedAt { get; init; }

    /// <summary>After this time it is not sent any more; null: never too late.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the next step is to happen; null once nothing more will, and while it is not known.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Whether it stands in its tenant's line and waits for a slot; <see cref="Limit"/> says for which limit's.</summary>
    public bool IsWaiting { get; init; }

    /// <summary>Whether it stays where it is until somebody releases it; <see cref="Reason"/> says why.</summary>
    public bool IsHeld { get; init; }

    /// <summary>The limit that made it wait, as metrics name it; null where none did.</summary>
    public string? Limit { get; init; }

    /// <summary>What it has taken from its tenant's quota and budget; null before its first attempt.</summary>
    public Charge? Charge { get; init; }

    /// <summary>Names the write that brought this version, where that must be told from another with the same result.</summary>
    public string? WriteId { get; init; }

    /// <summary>From when on a sweep, finding the message still open, puts a new hint on the queue; null once it is final.</summary>
    public DateTimeOffset? SweepAt { get; init; }

    /// <summary>Attempts that were begun.</summary>
    public int Attempts { get; init; }

    /// <summary>When the first of them was begun; null before.</summary>
    public DateTimeOffset? FirstAttemptAt { get; init; }

    /// <summary>Attempts that count as failures: not those that the provider, or its breaker, put off.</summary>
    public int Failures { get; init; }

    /// <summary>Who is sending it right now; null unless sending.</summary>
    public string? ClaimedBy { get; init; }

    /// <summary>When a claim counts as abandoned; null unless sending.</summary>
    public DateTimeOffset? ClaimedUntil { get; init; }

    /// <summary>The provider of the last attempt.</summary>
    public string? Provider { get; init; }

    public string? ProviderMessageId { get; init; }

    /// <summary>What the provider said last, without addresses.</summary>
    public string? ProviderAnswer { get; init; }

    public string? ErrorCategory { get; init; }

    public required int RecipientCount { get; init; }

    /// <summary>Positions of the recipients that were refused while others were taken.</summary>
    public ImmutableArray<int> RefusedRecipients { get; init; } = [];

    /// <summary>Positions of the recipients that have the message already, ascending, as long as others are still to get it.</summary>
    public ImmutableArray<int> TakenRecipients { get; init; } = [];

    /// <summary>The place among its tenant's providers of the one that this attempt goes on with; 0 for the first.</summary>
    public int NextPlace { get; init; }

    /// <summary>The place of the provider that may have sent it without saying so: only that one may send it again. Null: none.</summary>
    public int? UnclearPlace { get; init; }

    /// <summary>What those who have the message have cost since it was charged, in USD.</summary>
    public decimal SpentUsd { get; init; }

    /// <summary>The encoded and encrypted content where it fits into the row; null when it lies in the payload store, or is gone.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>Whether the content lies in the payload store.</summary>
    public bool PayloadStored { get; init; }

    /// <summary>The name of the tenant's key that the content is encrypted under; null: it is in clear, as versions before the first with such a key wrote it.</summary>
    public string? SealedUnder { get; init; }

    /// <summary>
    /// Not null of a message of an event producer that could not be accepted, whose content is what the producer sent, as it came, behind the
    /// name that it came by. Only where the content is in clear is the name here; else this is empty.
    /// </summary>
    public string? ParkedAs { get; init; }

    /// <summary>The tenant that the queue named with what is parked; null where it named none.</summary>
    public string? ParkedFor { get; init; }

    /// <summary>Whether it is what a producer sent and could not be accepted.</summary>
    public bool IsParked => ParkedAs is not null;

    /// <summary>The request that brought it, as W3C trace context.</summary>
    public string? TraceParent { get; init; }

    public ImmutableArray<HistoryEntry> History { get; init; } = [];

    /// <summary>The stored version; null before it is stored.</summary>
    public string? ETag { get; init; }

    /// <summary>Positions of the recipients that neither have the message nor were refused.</summary>
    public IReadOnlyList<int> OpenRecipients =>
        TakenRecipients.IsEmpty && RefusedRecipients.IsEmpty
            ? [.. Enumerable.Range(0, RecipientCount)]
            : [.. Enumerable.Range(0, RecipientCount).Except(TakenRecipients).Except(RefusedRecipients)];

    /// <summary>What it was charged for and did not spend, less than nothing where it spent more; null: nothing.</summary>
    public Charge? Unspent => Charge is { } charge && charge.CostUsd != SpentUsd ? charge with { CostUsd = charge.CostUsd - SpentUsd } : null;

    /// <summary>Whether a limit of its tenant's put it off, at any time.</summary>
    public bool WasLimited => History.Any(static line => line.Limit is not null);

    /// <summary>The trace id within <see cref="TraceParent"/>.</summary>
    public string? TraceId => TraceParent is { Length: > 35 } parent ? parent[3..35] : null;

    /// <summary>The same without its content. The payload, where it lies in the store, is to be removed after this is written.</summary>
    public LedgerEntry WithoutContent() => this with { Payload = null, PayloadStored = false, SealedUnder = null };

    /// <summary>The same with one more line of history. The oldest go when there are too many: the row has a size.</summary>
    public LedgerEntry WithHistory(HistoryEntry entry)
    {
        const int MaxEntries = 60;
        var history = History.Length < MaxEntries ? History : History.RemoveAt(1);
        return this with { History = WithRoom(history.Add(entry)), UpdatedAt = entry.At };
    }

    // A character may take six in JSON, of two bytes each, and the property holds 64 KiB: the older answers go, their lines stay.
    private static ImmutableArray<HistoryEntry> WithRoom(ImmutableArray<HistoryEntry> history)
    {
        var room = 3_000;
        for (var index = history.Length - 1; index >= 0; index--)
        {
            room -= history[index].Answer?.Length ?? 0;
            if (room < 0 && history[index].Answer is not null)
                history = history.SetItem(index, history[index] with { Answer = null });
        }

        return history;
    }
}

/// <summary>What a message takes from its tenant's daily quota (one) and monthly budget.</summary>
/// <param name="At">When it was booked; its UTC day and month are those that it counts in.</param>
/// <param name="CostUsd">What it costs if all recipients are taken.</param>
public sealed record Charge(DateTimeOffset At, decimal CostUsd);

/// <summary>One step in a message's life: a status that it took, or one of the steps below, which are none.</summary>
public sealed record HistoryEntry(string Status, DateTimeOffset At)
{
    /// <summary>An attempt whose outcome nobody saw.</summary>
    public const string Unknown = "unknown";

    /// <summary>A provider that did not take it, within an attempt that went on with the next one.</summary>
    public const string FailedOver = "failed_over";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Attempt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Provider { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ErrorCategory { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Answer { get; init; }

    /// <summary>The tenant's limit that puts it off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Limit { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? NextAttemptAt { get; init; }
}
