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

    /// <summary>When the next step is to happen; null once nothing more will.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>From when on a sweep, finding the message still open, puts a new hint on the queue; null once it is final.</summary>
    public DateTimeOffset? SweepAt { get; init; }

    /// <summary>Attempts that were begun.</summary>
    public int Attempts { get; init; }

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

    /// <summary>The encoded content where it fits into the row; null when it lies in the payload store, or is gone.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>Whether the content lies in the payload store.</summary>
    public bool PayloadStored { get; init; }

    /// <summary>The request that brought it, as W3C trace context.</summary>
    public string? TraceParent { get; init; }

    public ImmutableArray<HistoryEntry> History { get; init; } = [];

    /// <summary>The stored version; null before it is stored.</summary>
    public string? ETag { get; init; }

    /// <summary>The trace id within <see cref="TraceParent"/>.</summary>
    public string? TraceId => TraceParent is { Length: > 35 } parent ? parent[3..35] : null;

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

/// <summary>One step in a message's life. <c>unknown</c> is a step that is no status: an attempt whose outcome nobody saw.</summary>
public sealed record HistoryEntry(string Status, DateTimeOffset At)
{
    /// <summary>An attempt whose outcome nobody saw.</summary>
    public const string Unknown = "unknown";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Attempt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Provider { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ErrorCategory { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Answer { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? NextAttemptAt { get; init; }
}
