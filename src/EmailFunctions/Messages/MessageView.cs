using System.ComponentModel;

namespace EmailFunctions.Messages;

/// <summary>A message as a client sees it.</summary>
public sealed record MessageView(
    string MessageId,
    string TenantId,
    [property: Description("queued, sending, deferred, sent, failed, cancelled, expired or dead_lettered.")] string Status,
    string? Reason,
    DateTimeOffset? ScheduledFor,
    int Attempts,
    string? Provider,
    string? ProviderMessageId,
    string? ProviderAnswer,
    [property: Description("auth, network, timeout, recipient, content, quota, rate_limited, config, provider_unavailable or unexpected.")] string? ErrorCategory,
    int RecipientCount,
    IReadOnlyList<int> RefusedRecipients,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? TraceId,
    IReadOnlyList<HistoryEntry> History)
{
    public static MessageView Of(LedgerEntry entry) => new(
        entry.Id.ToString(),
        entry.Id.Tenant.Value,
        entry.Status.Name(),
        entry.Reason,
        entry.Status == MessageStatus.Deferred ? entry.DueAt : null,
        entry.Attempts,
        entry.Provider,
        entry.ProviderMessageId,
        entry.ProviderAnswer,
        entry.ErrorCategory,
        entry.RecipientCount,
        entry.RefusedRecipients,
        entry.CreatedAt,
        entry.UpdatedAt,
        entry.TraceId,
        entry.History);
}
