using System.ComponentModel;
using System.Text.Json.Serialization;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.Tracking;

/// <summary>A message as a client sees it.</summary>
public sealed record MessageView(
    string MessageId,
    string TenantId,
    [property: Description("queued, sending, deferred, sent, failed, cancelled, expired or dead_lettered.")] string Status,
    [property: Description("Why it waits: limit, send_at, retry, provider, configuration, monthly_budget, outcome_unknown or suspended.")] string? Reason,
    [property: Description("high, normal or low.")] string Priority,
    [property: Description("The limit that it waits for: per_minute, per_hour, daily_quota, monthly_budget or provider.")] string? Limit,
    [property: Description("About when it is to be sent, while it is deferred.")] DateTimeOffset? ScheduledFor,
    [property: Description("How many stand in its tenant's line before it; 1000 means as many or more. Null: it stands in none.")] int? Position,
    [property: Description("The breaker of the tenant's provider, while it is not closed.")] BreakerView? Breaker,
    [property: Description("Whether it stays where it is until somebody releases it.")] bool Held,
    int Attempts,
    [property: Description("About when the next attempt, or the first one, is to begin. Null: never, or that is not known.")] DateTimeOffset? NextAttemptAt,
    DateTimeOffset? ExpiresAt,
    string? Provider,
    string? ProviderMessageId,
    string? ProviderAnswer,
    [property: Description("auth, network, timeout, recipient, content, quota, rate_limited, config, provider_unavailable or unexpected.")] string? ErrorCategory,
    int RecipientCount,
    IReadOnlyList<int> RefusedRecipients,
    [property: Description("Positions of the recipients that have it already, while others are still to get it.")] IReadOnlyList<int> TakenRecipients,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? TraceId,
    IReadOnlyList<HistoryEntry> History)
{
    [Description("Why and since when its tenant is suspended, while that keeps it; null: it is not.")]
    public SuspensionView? Suspension { get; init; }

    internal static MessageView Of(LedgerEntry entry, Prospect prospect) => new(
        entry.Id.ToString(),
        entry.Id.Tenant.Value,
        prospect.IsStopped ? MessageStatus.Deferred.Name() : entry.Status.Name(),
        prospect.IsStopped ? Outcomes.SuspendedReason : entry.Reason,
        entry.Priority.Name(),
        prospect.IsStopped ? null : entry.Limit,
        entry.Status == MessageStatus.Deferred ? prospect.NextAttemptAt : null,
        prospect.Position,
        prospect.Breaker,
        entry.IsHeld,
        entry.Attempts,
        prospect.NextAttemptAt,
        entry.ExpiresAt,
        entry.Provider,
        entry.ProviderMessageId,
        entry.ProviderAnswer,
        entry.ErrorCategory,
        entry.RecipientCount,
        entry.RefusedRecipients,
        entry.TakenRecipients,
        entry.CreatedAt,
        entry.UpdatedAt,
        entry.TraceId,
        entry.History)
    {
        Suspension = prospect.Suspension,
    };
}

/// <summary>A breaker that keeps mail from a provider that failed again and again.</summary>
public sealed record BreakerView(
    [property: Description("open, or half_open while one message asks whether the provider is back.")] string State,
    [property: Description("Until when the provider is left alone.")] DateTimeOffset? Until);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(MessageView))]
internal sealed partial class TrackingJson : JsonSerializerContext;
