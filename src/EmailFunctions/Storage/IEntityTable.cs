namespace EmailFunctions.Storage;

/// <summary>
/// The service's only database: entities in partitions, with optimistic concurrency by ETag. The limits and the
/// behaviour are those of Azure Tables (learn.microsoft.com, "Understanding the Table service data model" and
/// "Performing entity group transactions"), so that what works on one adapter works on all.
/// Every member throws <see cref="StoreUnavailableException"/> when the store can't be reached; of a write it is then
/// unknown whether it took place.
/// </summary>
public interface IEntityTable
{
    /// <summary>Reads one entity; null when there is none.</summary>
    Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Writes 1 to 100 entities of one partition, all or none, durably. A single write is a batch of one.
    /// </summary>
    /// <returns>Done with the new ETags, or which write was refused and why; nothing is written then.</returns>
    /// <exception cref="EntityLimitException">A key, property, entity or the batch exceeds a limit.</exception>
    Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken);

    /// <summary>Reads a page of a range of one partition's rows, in row order.</summary>
    Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken);
}

/// <summary>A range of rows of one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="FromRow">First row, inclusive.</param>
/// <param name="ToRow">End of the range, exclusive.</param>
/// <param name="PageSize">Rows in a page, 1 to 1,000.</param>
/// <param name="Continuation">What the page before gave, or null for the first page.</param>
public sealed record EntityQuery(
    string Partition, string FromRow, string ToRow, int PageSize = EntityLimits.MaxPageSize, string? Continuation = null)
{
    /// <summary>All rows of the partition whose name starts with <paramref name="prefix"/>.</summary>
    public static EntityQuery Prefix(string partition, string prefix, int pageSize = EntityLimits.MaxPageSize) =>
        new(partition, prefix, EndOf(prefix), pageSize);

    /// <summary>Where the range begins that has all behind this row: no other name that begins with the row's sorts before it, since none holds a space.</summary>
    public static string Behind(string row) => row + " ";

    // The prefix with its last character raised is right whether an adapter orders by UTF-16 units or by code points.
    private static string EndOf(string prefix) =>
        prefix is [.. var head, < '\uD7FF' and var last] ? head + (char)(last + 1) : prefix + '\uFFFD';
}

/// <summary>A page; <paramref name="Continuation"/> is null on the last one. A page may be empty and still have a next one.</summary>
public sealed record EntityPage(IReadOnlyList<Entity> Entities, string? Continuation);

/// <summary>One write within a batch.</summary>
public sealed record EntityWrite
{
    private EntityWrite(EntityWriteKind kind, Entity entity, string? etag)
    {
        Kind = kind;
        Entity = entity;
        ETag = etag;
    }

    public EntityWriteKind Kind { get; }

    /// <summary>What is written; of a deletion only the key counts.</summary>
    public Entity Entity { get; }

    /// <summary>The version that must still be there; null where none is asked for.</summary>
    public string? ETag { get; }

    /// <summary>Refused with <see cref="WriteStatus.Conflict"/> when the key is taken.</summary>
    public static EntityWrite Insert(Entity entity) => new(EntityWriteKind.Insert, entity, null);

    /// <summary>Replaces the version that <paramref name="etag"/> names (null: any); stale or missing is refused.</summary>
    public static EntityWrite Replace(Entity entity, string? etag) => new(EntityWriteKind.Replace, entity, etag);

    /// <summary>Inserts or replaces, whatever is there.</summary>
    public static EntityWrite Put(Entity entity) => new(EntityWriteKind.Put, entity, null);

    /// <summary>Deletes the version that <paramref name="etag"/> names (null: any); stale or missing is refused.</summary>
    public static EntityWrite Delete(EntityKey key, string? etag) => new(EntityWriteKind.Delete, new Entity(key), etag);
}

public enum EntityWriteKind
{
    Insert,
    Replace,
    Put,
    Delete,
}

public enum WriteStatus
{
    /// <summary>All writes took place and are durable.</summary>
    Done,

    /// <summary>An insert found its key taken.</summary>
    Conflict,

    /// <summary>A replace or delete found another version than the one it named.</summary>
    Stale,

    /// <summary>A replace or delete found nothing.</summary>
    Missing,
}

/// <summary>What became of a batch.</summary>
/// <param name="Status">Done, or why the batch was refused.</param>
/// <param name="RefusedIndex">Index of the write that was refused; -1 when done.</param>
/// <param name="ETags">The new ETag of each write (empty for a deletion); empty when refused.</param>
public sealed record WriteResult(WriteStatus Status, int RefusedIndex, IReadOnlyList<string> ETags)
{
    public bool IsDone => Status == WriteStatus.Done;

    public static WriteResult Done(IReadOnlyList<string> etags) => new(WriteStatus.Done, -1, etags);

    public static WriteResult Refused(WriteStatus status, int index) => new(status, index, []);
}

/// <summary>The store can't be reached or answered an error; of a write it is unknown whether it took place.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
