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
    public async Task<LedgerEntry?> GetAsync(MessageId id, CancellationToken cancellationToken) =>
        await table.GetAsync(LedgerRows.KeyOf(id), cancellationToken) is { } entity ? LedgerRows.Read(id, entity) : null;

    /// <summary>The writes that enter a new message; rows of others of the same tenant may join the batch.</summary>
    public static IEnumerable<EntityWrite> Enter(LedgerEntry entry)
    {
        yield return EntityWrite.Insert(LedgerRows.ToEntity(entry));
        if (entry.SweepAt is { } sweepAt)
            yield return EntityWrite.Insert(new Entity(LedgerRows.DueKeyOf(entry.Id, sweepAt)));
    }

    /// <summary>The writes that turn <paramref name="before"/>, as it was read, into <paramref name="after"/>: at most three.</summary>
    public static IEnumerable<EntityWrite> Change(LedgerEntry before, LedgerEntry after)
    {
        yield return EntityWrite.Replace(LedgerRows.ToEntity(after), before.ETag);
        // Two times may share a key, which counts milliseconds; a batch names a key once.
        var (old, due) = (DueKeyOf(before), DueKeyOf(after));
        if (old == due)
            yield break;
        if (old is { } gone)
            yield return EntityWrite.Delete(gone, etag: null);
        if (due is { } put)
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
    public async IAsyncEnumerable<MessageId> ListOverdueAsync(
        TenantId tenant, DateTimeOffset time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new EntityQuery(tenant.Partition, LedgerRows.DuePrefix, LedgerRows.DueBefore(time));
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var entity in page.Entities)
                yield return new MessageId(tenant, LedgerRows.UniqueOfDueRow(entity.Key.Row));
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
    }

    private static EntityKey? DueKeyOf(LedgerEntry entry) =>
        entry.SweepAt is { } sweepAt ? LedgerRows.DueKeyOf(entry.Id, sweepAt) : null;
}
