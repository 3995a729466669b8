using System.Globalization;
using System.Text;
using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Simulation;

/// <summary>The entity table in memory.</summary>
/// <param name="isStrict">
/// Holds the limits, and gives each caller copies of its own. Without, it is faster, and what was read must not be changed.
/// </param>
internal sealed class MemoryTable(bool isStrict = true) : IEntityTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedList<string, Entity>> _partitions = new(StringComparer.Ordinal);
    private long _version;

    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Get(key));
    }

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Write(writes));
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Query(query));
    }

    public Entity? Get(EntityKey key)
    {
        if (isStrict)
            EntityLimits.ValidateKey(key);
        lock (_lock)
            return _partitions.GetValueOrDefault(key.Partition)?.GetValueOrDefault(key.Row) is { } stored ? HandOut(stored) : null;
    }

    public WriteResult Write(IReadOnlyList<EntityWrite> writes)
    {
        if (isStrict)
            EntityLimits.Validate(writes);
        lock (_lock)
        {
            var rows = RowsOf(writes[0].Entity.Key.Partition);
            for (var index = 0; index < writes.Count; index++)
            {
                if (Check(writes[index], rows.GetValueOrDefault(writes[index].Entity.Key.Row)) is { } refusal)
                    return WriteResult.Refused(refusal, index);
            }

            var etags = new string[writes.Count];
            for (var index = 0; index < etags.Length; index++)
                etags[index] = Apply(rows, writes[index]);
            return WriteResult.Done(etags);
        }
    }

    public EntityPage Query(EntityQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.PageSize, EntityLimits.MaxPageSize);
        lock (_lock)
        {
            if (!_partitions.TryGetValue(query.Partition, out var rows))
                return new EntityPage([], null);
            var entities = new List<Entity>();
            for (var index = FirstFrom(rows, query.Continuation ?? query.FromRow); index < rows.Count; index++)
            {
                var row = rows.GetKeyAtIndex(index);
                if (string.CompareOrdinal(row, query.ToRow) >= 0)
                    break;
                if (entities.Count == query.PageSize)
                    return new EntityPage(entities, row);
                entities.Add(HandOut(rows.GetValueAtIndex(index)));
            }

            return new EntityPage(entities, null);
        }
    }

    private static WriteStatus? Check(EntityWrite write, Entity? stored) => write.Kind switch
    {
        EntityWriteKind.Put => null,
        EntityWriteKind.Insert => stored is null ? null : WriteStatus.Conflict,
        _ when stored is null => WriteStatus.Missing,
        _ => write.ETag is null || write.ETag == stored.ETag ? null : WriteStatus.Stale,
    };

    private static int FirstFrom(SortedList<string, Entity> rows, string row)
    {
        var (low, high) = (0, rows.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(rows.GetKeyAtIndex(middle), row) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private SortedList<string, Entity> RowsOf(string partition)
    {
        if (!_partitions.TryGetValue(partition, out var rows))
            _partitions[partition] = rows = new SortedList<string, Entity>(StringComparer.Ordinal);
        return rows;
    }

    private string Apply(SortedList<string, Entity> rows, EntityWrite write)
    {
        var row = write.Entity.Key.Row;
        if (write.Kind == EntityWriteKind.Delete)
        {
            rows.Remove(row);
            return "";
        }

        var etag = (++_version).ToString("x", CultureInfo.InvariantCulture);
        rows[row] = Copy(write.Entity, etag);
        return etag;
    }

    private Entity HandOut(Entity stored) => isStrict ? Copy(stored, stored.ETag) : stored;

    private Entity Copy(Entity entity, string? etag)
    {
        var copy = new Entity(entity.Key) { ETag = etag };
        foreach (var (name, value) in entity.Properties)
        {
            copy[name] = value switch
            {
                byte[] bytes when isStrict => bytes.Clone(),
                // As in a store that writes UTF-8: half of a pair becomes U+FFFD.
                string text when text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)),
                _ => value,
            };
        }

        return copy;
    }
}
