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

    /// <summary>What stands in place of the hash of a recipient that was erased.</summary>
    public const string Erased = "erased";

    private const string HashProperty = "recipient_hash";

    /// <summary>
    /// The row's id: the newest sorts first, and the same recipient of the same message always gets the same, so that a repeated
    /// write changes nothing.
    /// </summary>
    public static string IdOf(DateTimeOffset createdAt, string messageUnique, int recipient) =>
        string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.MaxValue.UtcTicks - createdAt.UtcTicks:D19}-{messageUnique}-{recipient:D3}");

    /// <summary>A tenant's rows of a half-open period, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="start">Of this time or later; null: however old.</param>
    /// <param name="end">Before this time; null: however new.</param>
    /// <param name="after">Only behind the row with this id; null: all.</param>
    public static EntityQuery Query(TenantId tenant, DateTimeOffset? start, DateTimeOffset? end, string? after)
    {
        var all = EntityQuery.Prefix(tenant.Partition, Prefix);
        var from = end is { } time ? StartOf(time) : all.FromRow;
        var behind = after is null ? all.FromRow : EntityQuery.Behind(Prefix + after);
        return all with { FromRow = string.CompareOrdinal(from, behind) > 0 ? from : behind, ToRow = start is { } first ? StartOf(first) : all.ToRow };
    }

    /// <summary>The recipient's hash in a row as it was read.</summary>
    public static string HashIn(Entity entity) => entity.GetString(HashProperty)!;

    /// <summary>Takes the recipient out of a row as it was read.</summary>
    public static EntityWrite Erase(Entity entity)
    {
        entity[HashProperty] = Erased;
        return EntityWrite.Replace(entity, entity.ETag);
    }

    // Before all rows that are older than a time, and behind all others.
    private static string StartOf(DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{DateTimeOffset.MaxValue.UtcTicks - time.UtcTicks + 1:D19}");

    public EntityWrite ToWrite()
    {
        var entity = new Entity(Tenant.Partition, Prefix + Id)
        {
            [HashProperty] = RecipientHash,
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
        HashIn(entity),
        entity.GetString("template_name"),
        entity.GetString("status")!,
        entity.GetString("provider")!,
        entity.GetString("message_id")!,
        entity.GetString("error_category"),
        entity.GetString("trace_id"),
        entity.GetTime("created_at")!.Value);
}
