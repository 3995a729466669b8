using System.Runtime.CompilerServices;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Messages;

/// <summary>
/// The ledger of messages: what is in it is the truth, what is on a queue is a hint. Each change is one conditional batch in the
/// tenant's partition.
/// </summary>
public sealed class Ledger(IEntityTable table)
{
    private const int DeadPage = 200;

    public async Task<LedgerEntry?> GetAsync(MessageId id, CancellationToken cancellationToken) =>
        await table.GetAsync(LedgerRows.KeyOf(id), cancellationToken) is { } entity ? LedgerRows.Read(id, entity) : null;

    /// <summary>The writes that enter a new message; rows of others of the same tenant may join the batch.</summary>
    public static IEnumerable<EntityWrite> Enter(LedgerEntry entry)
    {
        yield return EntityWrite.Insert(LedgerRows.ToEntity(entry));
        foreach (var key in LedgerRows.IndexKeysOf(entry))
            yield return EntityWrite.Insert(new Entity(key));
    }

    /// <summary>The writes that turn <paramref name="before"/>, as it was read, into <paramref name="after"/>: the row first, and at most four more.</summary>
    public static IEnumerable<EntityWrite> Change(LedgerEntry before, LedgerEntry after)
    {
        yield return EntityWrite.Replace(LedgerRows.ToEntity(after), before.ETag);
        // Two times may share a key, which counts milliseconds; a batch names a key once.
        var (old, now) = (LedgerRows.IndexKeysOf(before).ToList(), LedgerRows.IndexKeysOf(after).ToList());
        foreach (var gone in old.Except(now))
            yield return EntityWrite.Delete(gone, etag: null);
        foreach (var put in now.Except(old))
            yield return EntityWrite.Put(new Entity(put));
    }

    /// <summary>Writes a batch whose first write is that of a ledger row.</summary>
    /// <returns>The row's new ETag; null when the row was changed by somebody else, and nothing was written.</returns>
    public async Task<string?> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        var result = await table.WriteAsync(writes, cancellationToken);
        return result.IsDone ? result.ETags[0] : null;
    }

    /// <summary>The tenant's messages that are open and were to be swept before <paramref name="time"/>, longest overdue first.</summary>
    public IAsyncEnumerable<MessageId> ListOverdueAsync(TenantId tenant, DateTimeOffset time, CancellationToken cancellationToken) =>
        ListAsync(tenant, new EntityQuery(tenant.Partition, LedgerRows.DuePrefix, LedgerRows.DueBefore(time)), cancellationToken);

    /// <summary>The tenant's messages that are held.</summary>
    public IAsyncEnumerable<MessageId> ListHeldAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ListAsync(tenant, EntityQuery.Prefix(tenant.Partition, LedgerRows.HeldPrefix), cancellationToken);

    /// <summary>The tenant's messages that are held and were accepted before a time, in that order; behind one of them, where that is given.</summary>
    public IAsyncEnumerable<MessageId> ListHeldAsync(TenantId tenant, string? after, DateTimeOffset before, CancellationToken cancellationToken) =>
        ListAsync(tenant, new EntityQuery(tenant.Partition, after is null ? LedgerRows.HeldPrefix : EntityQuery.Behind(LedgerRows.HeldPrefix + after), LedgerRows.HeldBefore(before)), cancellationToken);

    /// <summary>The tenant's messages that have an index row with this prefix, by that row; behind one of them, where that is given.</summary>
    internal async IAsyncEnumerable<IndexPlace> ListIndexedAsync(
        TenantId tenant, string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = EntityQuery.Prefix(tenant.Partition, prefix) with { PageSize = DeadPage };
        if (after is not null)
            query = query with { FromRow = EntityQuery.Behind(after) };
        await foreach (var page in table.PagesAsync(query, cancellationToken))
        {
            foreach (var entity in page.Entities)
                yield return new IndexPlace(IdOf(tenant, entity), entity.Key.Row);
        }
    }

    /// <summary>The tenant's dead letters of a range, oldest first.</summary>
    public async IAsyncEnumerable<DeadPlace> ListDeadAsync(
        TenantId tenant, DeadRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new EntityQuery(tenant.Partition, LedgerRows.DeadFrom(range), LedgerRows.DeadTo(range), DeadPage);
        if (string.CompareOrdinal(query.FromRow, query.ToRow) >= 0)
            yield break;
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var entity in page.Entities)
                yield return new DeadPlace(IdOf(tenant, entity), entity.Key.Row[LedgerRows.DeadPrefix.Length..]);
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
    }

    /// <summary>How many dead letters the tenant has, counted up to a thousand in one query.</summary>
    public async Task<(int Count, bool IsAll)> CountDeadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var page = await table.QueryAsync(EntityQuery.Prefix(tenant.Partition, LedgerRows.DeadPrefix), cancellationToken);
        return (page.Entities.Count, page.Continuation is null);
    }

    /// <summary>The first of the tenant's line, or of its part with one priority: at most as many as asked for, best first.</summary>
    public async Task<IReadOnlyList<MessageId>> ListLineAsync(
        TenantId tenant, MessagePriority? priority, int limit, CancellationToken cancellationToken)
    {
        var prefix = priority is { } only ? LedgerRows.LinePrefixOf(only) : LedgerRows.LinePrefix;
        return (await ListLineAsync(tenant, EntityQuery.Prefix(tenant.Partition, prefix), limit, cancellationToken)).Ids;
    }

    /// <summary>The same of the whole line, with the tenant's row before it, in one query: as they are at one time.</summary>
    public Task<(Entity? Head, IReadOnlyList<MessageId> Ids)> ListLineWithHeadAsync(TenantId tenant, int limit, CancellationToken cancellationToken) =>
        ListLineAsync(tenant, EntityQuery.Prefix(tenant.Partition, LedgerRows.LineHead), limit + 1, cancellationToken);

    /// <summary>The row before the tenant's line; what it holds is for others to say.</summary>
    public static EntityKey LineHeadOf(TenantId tenant) => new(tenant.Partition, LedgerRows.LineHead);

    private async Task<(Entity? Head, IReadOnlyList<MessageId> Ids)> ListLineAsync(
        TenantId tenant, EntityQuery query, int limit, CancellationToken cancellationToken)
    {
        Entity? head = null;
        var ids = new List<MessageId>();
        query = query with { PageSize = Math.Min(limit, EntityLimits.MaxPageSize) };
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var entity in page.Entities.Take(limit - ids.Count))
            {
                if (entity.Key.Row == LedgerRows.LineHead)
                    head = entity;
                else
                    ids.Add(IdOf(tenant, entity));
            }

            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null && ids.Count + (head is null ? 0 : 1) < limit);
        return (head, ids);
    }

    /// <summary>How many of the tenant's messages stand in line, by priority, high first.</summary>
    public async Task<int[]> CountLineAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var counts = new int[3];
        foreach (var priority in Enum.GetValues<MessagePriority>())
        {
            await foreach (var _ in ListAsync(tenant, EntityQuery.Prefix(tenant.Partition, LedgerRows.LinePrefixOf(priority)), cancellationToken))
                counts[(int)priority - 1]++;
        }

        return counts;
    }

    /// <summary>How many stand in the tenant's line before this one, which stands in it; counted up to <paramref name="limit"/>.</summary>
    public async Task<int> CountBeforeAsync(LedgerEntry entry, int limit, CancellationToken cancellationToken)
    {
        var count = 0;
        var query = LedgerRows.LineBefore(entry) with { PageSize = Math.Min(limit, EntityLimits.MaxPageSize) };
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            count += page.Entities.Count;
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null && count < limit);
        return Math.Min(count, limit);
    }

    private async IAsyncEnumerable<MessageId> ListAsync(
        TenantId tenant, EntityQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var entity in page.Entities)
                yield return IdOf(tenant, entity);
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
    }

    private static MessageId IdOf(TenantId tenant, Entity entity) => new(tenant, LedgerRows.UniqueOfIndexRow(entity.Key.Row));
}
