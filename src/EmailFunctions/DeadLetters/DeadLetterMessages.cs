using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using EmailFunctions.Messages;
using EmailFunctions.Wire;

namespace EmailFunctions.DeadLetters;

/// <summary>A dead letter as an admin sees it: nothing of what it says, and to whom only how many.</summary>
public sealed record DeadLetter(
    string MessageId,
    string TenantId,
    DateTimeOffset DeadSince,
    [property: Description("parked: an event producer's message that could not be accepted; provider_answer says why. Else null.")] string? Reason,
    int Attempts,
    [property: Description("auth, network, timeout, recipient, content, quota, rate_limited, config, provider_unavailable or unexpected.")] string? ErrorCategory,
    string? Provider,
    string? ProviderAnswer,
    int RecipientCount,
    DateTimeOffset CreatedAt)
{
    public static DeadLetter Of(LedgerEntry entry) => new(
        entry.Id.ToString(),
        entry.Id.Tenant.Value,
        entry.UpdatedAt,
        entry.Reason,
        entry.Attempts,
        entry.ErrorCategory,
        entry.Provider,
        entry.ProviderAnswer,
        entry.RecipientCount,
        entry.CreatedAt);
}

public sealed record DeadLetterList(IReadOnlyList<DeadLetter> DeadLetters, string? NextCursor, bool HasMore, int Limit);

/// <summary>Which dead letters are to be sent again; a field that is absent or null leaves the choice open.</summary>
public sealed record ReplayRequest
{
    [Length(1, 64)]
    public string? TenantId { get; init; }

    [Description("The last attempt's.")]
    [MaxLength(20)]
    public string? ErrorCategory { get; init; }

    [Description("The last attempt's.")]
    [MaxLength(8)]
    public string? Provider { get; init; }

    [Description("Dead since this time or later.")]
    public DateTimeOffset? From { get; init; }

    [Description("Dead before this time.")]
    public DateTimeOffset? To { get; init; }

    [Description("How many at most. Default 200.")]
    [Range(1, 500)]
    public int? Limit { get; init; }

    [Description("The next_cursor of the answer before, to go on where that ended.")]
    [Length(1, 120)]
    public string? Cursor { get; init; }
}

/// <summary>What a replay by filter did.</summary>
/// <param name="Replayed">How many are queued again.</param>
/// <param name="HasMore">Whether dead letters are left that were not looked at.</param>
/// <param name="NextCursor">Where to go on with them; null: there are none.</param>
public sealed record ReplayAnswer(
    int Replayed,
    [property: Description("Whether dead letters are left that were not looked at; ask again with next_cursor.")] bool HasMore,
    string? NextCursor);

/// <summary>A message that is queued again.</summary>
public sealed record QueuedAgain(string MessageId, string TenantId, [property: Description("queued.")] string Status)
{
    public static QueuedAgain Of(MessageId id) => new(id.ToString(), id.Tenant.Value, MessageStatus.Queued.Name());
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(DeadLetterList))]
[JsonSerializable(typeof(ReplayRequest))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(QueuedAgain))]
internal sealed partial class DeadLetterJson : JsonSerializerContext;
