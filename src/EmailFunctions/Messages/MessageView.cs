namespace EmailFunctions.Messages;

/// <summary>A message as a client sees it.</summary>
public sealed record MessageView(
    string MessageId,
    string TenantId,
    string Status,
    string? Reason,
    DateTimeOffset? ScheduledFor,
    int Attempts,
    string? Provider,
    string? ProviderMessageId,
    string? ProviderAnswer,
    string? ErrorCategory,
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
