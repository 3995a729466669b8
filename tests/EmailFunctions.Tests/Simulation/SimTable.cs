using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Simulation;

/// <summary>
/// The table as one process sees it: calls take time, interleave with those of others, and fail. A call that a kill meets on its way
/// never takes place; one that was done is never answered.
/// </summary>
internal sealed class SimTable(SimContext context, MemoryTable table, SimFaults faults) : IEntityTable
{
    /// <summary>Point reads, failed ones included, like all counts here.</summary>
    public int Reads { get; private set; }

    public int Queries { get; private set; }

    /// <summary>Batches.</summary>
    public int Writes { get; private set; }

    /// <summary>Batches that were refused, whether the answer arrived or not.</summary>
    public int Conflicts { get; private set; }

    /// <summary>All that Azure would bill as a transaction.</summary>
    public int Transactions => Reads + Queries + Writes;

    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        Reads++;
        return CallAsync(key, static (self, key) => self.Get(key), cancellationToken);
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        Queries++;
        return CallAsync(query, static (self, query) => self.Query(query), cancellationToken);
    }

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        Writes++;
        return CallAsync(writes, static (self, writes) => self.Write(writes), cancellationToken);
    }

    private async Task<TResult> CallAsync<TArgument, TResult>(
        TArgument argument, Func<SimTable, TArgument, TResult> operation, CancellationToken cancellationToken)
    {
        await faults.Travel(context);
        cancellationToken.ThrowIfCancellationRequested();
        var fault = faults.Draw(context.Loop.Random);
        SimFaults.ThrowIf(fault == SimFault.Before);
        var result = operation(this, argument);
        await context.Pause();
        // As with a real store, a cancelled write may have taken place.
        cancellationToken.ThrowIfCancellationRequested();
        SimFaults.ThrowIf(fault == SimFault.After);
        return result;
    }

    private Entity? Get(EntityKey key) => table.Get(key);

    private EntityPage Query(EntityQuery query) => table.Query(query);

    private WriteResult Write(IReadOnlyList<EntityWrite> writes)
    {
        var result = table.Write(writes);
        if (!result.IsDone)
            Conflicts++;
        return result;
    }
}
