using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Support;

/// <summary>A table that counts what is asked of it and fails on demand, before or after the write took place.</summary>
internal sealed class FaultyTable(IEntityTable inner) : IEntityTable
{
    private int _reads;
    private int _queries;
    private int _writes;

    /// <summary>Decides by the write's number, 1 being the first, what goes wrong with it.</summary>
    public Func<int, TableFault> OnWrite { get; set; } = static _ => TableFault.None;

    /// <summary>Runs before each read.</summary>
    public Action OnRead { get; set; } = static () => { };

    /// <summary>Runs after each read, before its answer is given.</summary>
    public Func<Task> AfterRead { get; set; } = static () => Task.CompletedTask;

    /// <summary>Point reads so far.</summary>
    public int Reads => _reads;

    /// <summary>Range queries so far.</summary>
    public int Queries => _queries;

    /// <summary>Batches so far, refused ones included.</summary>
    public int Writes => _writes;

    /// <summary>All that Azure would bill as a transaction.</summary>
    public int Transactions => _reads + _queries + _writes;

    public void ResetCounts() => _reads = _queries = _writes = 0;

    public async Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        OnRead();
        var entity = await inner.GetAsync(key, cancellationToken);
        await AfterRead();
        return entity;
    }

    public async Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        var fault = OnWrite(Interlocked.Increment(ref _writes));
        if (fault == TableFault.Before)
            throw new StoreUnavailableException("The table is down, says the test.");
        var result = await inner.WriteAsync(writes, cancellationToken);
        return fault == TableFault.After ? throw new StoreUnavailableException("The answer got lost, says the test.") : result;
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _queries);
        return inner.QueryAsync(query, cancellationToken);
    }
}

/// <summary>What goes wrong with a write.</summary>
internal enum TableFault
{
    None,

    /// <summary>It does not take place.</summary>
    Before,

    /// <summary>It takes place, and the answer is lost.</summary>
    After,
}
