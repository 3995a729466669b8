using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>What became of one recipient of one message; the recipient only as a keyed hash.</summary>
public sealed record AuditRow(
    string Id,
    TenantId Tenant,
    string RecipientHash,
    string? TemplateName,
    string Status,
    string Provider,
    string MessageId,
    string? ErrorCategory,
    string? TraceId,
    DateTimeOffset CreatedAt)
{
    public const string Prefix = "audit-";

    /// <summary>
    /// The row's id: the newest sorts first, and the same recipient of the same message always gets the same, so that a repeated
    /// write changes nothing.
    /// </summary>
    public static string IdOf(DateTimeOffset createdAt, string messageUnique, int recipient) =>
        string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.MaxValue.UtcTicks - createdAt.UtcTicks:D19}-{messageUnique}-{recipient:D3}");

    public EntityWrite ToWrite()
    {
        var entity = new Entity(Tenant.Partition, Prefix + Id)
        {
            ["recipient_hash"] = RecipientHash,
            ["template_name"] = TemplateName,
            ["status"] = Status,
            ["provider"] = Provider,
            ["message_id"] = MessageId,
            ["error_category"] = ErrorCategory,
            ["trace_id"] = TraceId,
            ["created_at"] = CreatedAt,
        };
        return EntityWrite.Put(entity);
    }

    public static AuditRow Read(TenantId tenant, Entity entity) => new(
        entity.Key.Row[Prefix.Length..],
        tenant,
        entity.GetString("recipient_hash")!,
        entity.GetString("template_name"),
        entity.GetString("status")!,
        entity.GetString("provider")!,
        entity.GetString("message_id")!,
        entity.GetString("error_category"),
        entity.GetString("trace_id"),
        entity.GetTime("created_at")!.Value);
}
