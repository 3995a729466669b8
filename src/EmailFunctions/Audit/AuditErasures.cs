using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>A recipient that is to be erased from a tenant's audit, and from the contents of its messages after that.</summary>
/// <param name="Tenant">Whose audit.</param>
/// <param name="Hash">The recipient's hash; <see cref="All"/>: all recipients, from contents alone.</param>
/// <param name="Position">The id of the last row that was looked at, or a place among contents; null: nothing was.</param>
/// <param name="ETag">The stored version.</param>
internal sealed record AuditErasure(TenantId Tenant, string Hash, string? Position, string? ETag)
{
    /// <summary>Stands for every recipient.</summary>
    public const string All = "all";

    // Stands before a place among contents; the id of a row begins with a digit.
    private const string Contents = "contents ";

    /// <summary>Whether mail that waits is to be cancelled, too.</summary>
    public bool CancelsWaiting { get; init; }

    /// <summary>Whether the audit's rows are done.</summary>
    public bool IsInContents => Position?.StartsWith(Contents, StringComparison.Ordinal) ?? false;

    /// <summary>The place among contents; null: at their beginning.</summary>
    public string? Place => IsInContents && Position!.Length > Contents.Length ? Position[Contents.Length..] : null;

    /// <summary>The position of a place among contents; null: of their beginning.</summary>
    public static string PositionOf(string? place) => Contents + place;
}

/// <summary>
/// The erasures that are still to be carried out. They are rows of one partition, so that a sweep finds out with one read that there are none.
/// </summary>
internal sealed class AuditErasures(IEntityTable table, RecipientHasher hasher, TimeProvider time)
{
    private const string Partition = "audit-erasures";

    // No tenant's name holds it.
    private const char Separator = '~';

    /// <summary>Asks for a recipient to be erased from all that is there now; asked for again, it begins anew. Returns the time.</summary>
    /// <exception cref="StoreUnavailableException">It is not known to be asked for.</exception>
    public async Task<DateTimeOffset> RequestAsync(TenantId tenant, string recipient, bool cancelsWaiting, CancellationToken cancellationToken)
    {
        // Rows under a key that another instance has dropped since can't be told any more; those under the present one can.
        hasher.Forget(tenant);
        var hash = await hasher.HashAsync(tenant, recipient, cancellationToken);
        return await RequestAsync(new AuditErasure(tenant, hash, Position: null, ETag: null) { CancelsWaiting = cancelsWaiting }, cancellationToken);
    }

    /// <summary>Asks for the contents of all messages that nothing more happens to by itself to be removed. Returns the time.</summary>
    /// <exception cref="StoreUnavailableException">It is not known to be asked for.</exception>
    public Task<DateTimeOffset> RequestAllAsync(TenantId tenant, bool cancelsWaiting, CancellationToken cancellationToken) =>
        RequestAsync(new AuditErasure(tenant, AuditErasure.All, AuditErasure.PositionOf(place: null), ETag: null) { CancelsWaiting = cancelsWaiting }, cancellationToken);

    /// <summary>Up to a thousand that are still to be carried out, by tenant.</summary>
    public async Task<IReadOnlyList<AuditErasure>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await table.QueryAsync(EntityQuery.Prefix(Partition, ""), cancellationToken)).Entities.Select(Read)];

    /// <summary>Writes down how far they have come; one that was asked for again in between begins anew.</summary>
    public Task AdvanceAsync(IReadOnlyList<AuditErasure> erasures, string position, CancellationToken cancellationToken) =>
        WriteAsync(erasures, erasure => EntityWrite.Replace(ToEntity(erasure with { Position = position }), erasure.ETag), cancellationToken);

    /// <summary>They are carried out; one that was asked for again in between stays.</summary>
    public Task EndAsync(IReadOnlyList<AuditErasure> erasures, CancellationToken cancellationToken) =>
        WriteAsync(erasures, static erasure => EntityWrite.Delete(KeyOf(erasure), erasure.ETag), cancellationToken);

    /// <summary>None of a tenant's is to be carried out: it has no rows any more.</summary>
    public async Task RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, tenant.Value + Separator), cancellationToken))
        {
            foreach (var chunk in page.Entities.Chunk(EntityLimits.MaxBatchEntities))
                await table.WriteUnrefusedAsync(chunk.Select(static row => EntityWrite.Delete(row.Key, etag: null)), cancellationToken);
        }
    }

    private async Task<DateTimeOffset> RequestAsync(AuditErasure erasure, CancellationToken cancellationToken)
    {
        await table.WriteAsync([EntityWrite.Put(ToEntity(erasure))], cancellationToken);
        return time.GetUtcNow();
    }

    private async Task WriteAsync(IReadOnlyList<AuditErasure> erasures, Func<AuditErasure, EntityWrite> toWrite, CancellationToken cancellationToken)
    {
        foreach (var chunk in erasures.Chunk(EntityLimits.MaxBatchEntities))
            await table.WriteUnrefusedAsync(chunk.Select(toWrite), cancellationToken);
    }

    private static EntityKey KeyOf(AuditErasure erasure) => new(Partition, erasure.Tenant.Value + Separator + erasure.Hash);

    private Entity ToEntity(AuditErasure erasure) => new(KeyOf(erasure))
    {
        ["position"] = erasure.Position,
        ["cancels_waiting"] = erasure.CancelsWaiting ? true : null,
        ["written_at"] = time.GetUtcNow(),
    };

    private static AuditErasure Read(Entity entity) =>
        entity.Key.Row.Split(Separator) is [var name, var hash] && TenantId.TryParse(name, out var tenant)
            ? new AuditErasure(tenant, hash, entity.GetString("position"), entity.ETag) { CancelsWaiting = entity.GetBoolean("cancels_waiting") ?? false }
            : throw new InvalidOperationException("A stored erasure has no tenant.");
}
