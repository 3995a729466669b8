using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Activities;

/// <summary>One administrative action, as it is stored.</summary>
/// <param name="Id">The newest sorts first.</param>
/// <param name="CreatedAt">When it was begun.</param>
/// <param name="Actor">The credential that asked for it, see <see cref="Access.Caller.Name"/>.</param>
/// <param name="Action">One of <see cref="AdminActions"/>.</param>
/// <param name="Tenant">Whom it concerns; null: all tenants.</param>
/// <param name="Outcome">One of <see cref="ActivityOutcomes"/>.</param>
internal sealed record ActivityRow(string Id, DateTimeOffset CreatedAt, string Actor, string Action, TenantId? Tenant, string Outcome)
{
    // A row's name begins with it where all tenants' actions lie side by side; those of one tenant lie beside them once more, in the same
    // partition, so that one batch writes both.
    private const string AllPrefix = "all-";
    private const string ErasedPrefix = "erased-";
    private const string Partition = "activity";

    // No tenant's name holds it.
    private const char Separator = '~';

    /// <summary>What it was done to, within the tenant: the id of a key or of a message; null: the tenant as a whole.</summary>
    public string? Target { get; init; }

    /// <summary>The fields that were changed, by name and with a space between.</summary>
    public string? Changed { get; init; }

    /// <summary>What else there is to say, in words; never a secret or a recipient.</summary>
    public string? Detail { get; init; }

    public string? TraceId { get; init; }

    /// <summary>A new id.</summary>
    public static string NewId(DateTimeOffset at) => $"{Stamp(at)}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>Rows of a half-open period, newest first.</summary>
    /// <param name="tenant">Those of this tenant; null: all.</param>
    /// <param name="start">Of this time or later; null: however old.</param>
    /// <param name="end">Before this time; null: however new.</param>
    /// <param name="after">Only behind the row with this id; null: all.</param>
    public static EntityQuery Query(TenantId? tenant, DateTimeOffset? start, DateTimeOffset? end, string? after)
    {
        var prefix = PrefixOf(tenant);
        var all = EntityQuery.Prefix(Partition, prefix);
        var from = end is { } time ? prefix + StartOf(time) : all.FromRow;
        var behind = after is null ? all.FromRow : EntityQuery.Behind(prefix + after);
        return all with { FromRow = string.CompareOrdinal(from, behind) > 0 ? from : behind, ToRow = start is { } first ? prefix + StartOf(first) : all.ToRow };
    }

    public static ActivityRow Read(Entity entity) => new(
        entity.GetString("id")!,
        entity.GetTime("created_at")!.Value,
        entity.GetString("actor")!,
        entity.GetString("action")!,
        entity.GetString("tenant") is { } name && TenantId.TryParse(name, out var tenant) ? tenant : null,
        entity.GetString("outcome")!)
    {
        Target = entity.GetString("target"),
        Changed = entity.GetString("changed"),
        Detail = entity.GetString("detail"),
        TraceId = entity.GetString("trace_id"),
    };

    /// <summary>The writes that put it where it is looked for, in one batch.</summary>
    public IEnumerable<EntityWrite> ToWrites(Func<Entity, EntityWrite> write) => KeysOf().Select(key => write(ToEntity(key)));

    /// <summary>The keys under which it lies.</summary>
    public IEnumerable<EntityKey> KeysOf() => Tenant is null ? [KeyOf(null)] : [KeyOf(null), KeyOf(Tenant)];

    /// <summary>The row that says when a tenant of this name was last deleted with all it had.</summary>
    public static EntityKey ErasureKeyOf(TenantId tenant) => new(Partition, ErasedPrefix + tenant);

    /// <summary>The time in such a row.</summary>
    public static DateTimeOffset ReadErasure(Entity entity) => entity.GetTime("created_at")!.Value;

    /// <summary>The write of that row, where this action is such a deletion: in the batch with the action's own.</summary>
    public IEnumerable<EntityWrite> ToErasure() =>
        Action == AdminActions.TenantErased && Tenant is not null ? [EntityWrite.Put(new Entity(ErasureKeyOf(Tenant)) { ["created_at"] = CreatedAt })] : [];

    private static string PrefixOf(TenantId? tenant) => tenant is null ? AllPrefix : $"of-{tenant}{Separator}";

    private static string Stamp(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.MaxValue.UtcTicks - at.UtcTicks:D19}");

    // Before all rows that are older than a time, and behind all others.
    private static string StartOf(DateTimeOffset time) => Stamp(time.AddTicks(-1));

    private EntityKey KeyOf(TenantId? tenant) => new(Partition, PrefixOf(tenant) + Id);

    private Entity ToEntity(EntityKey key) => new(key)
    {
        ["id"] = Id,
        ["created_at"] = CreatedAt,
        ["actor"] = Actor,
        ["action"] = Action,
        ["tenant"] = Tenant?.Value,
        ["target"] = Target,
        ["outcome"] = Outcome,
        ["changed"] = Changed,
        ["detail"] = Detail,
        ["trace_id"] = TraceId,
    };
}

/// <summary>What became of an administrative action.</summary>
internal static class ActivityOutcomes
{
    /// <summary>It was done.</summary>
    public const string Done = "done";

    /// <summary>It was refused, and nothing was done.</summary>
    public const string Refused = "refused";

    /// <summary>It failed in the service.</summary>
    public const string Failed = "failed";

    /// <summary>It was begun, and its end was never written down: it is under way, or nobody saw what came of it.</summary>
    public const string Unknown = "unknown";
}
