using EmailFunctions.Storage;

namespace EmailFunctions.Tenants;

/// <summary>
/// Which tenants are suspended, or leave. They are few, so that each process keeps them all, and reads them by one query when somebody needs to know them
/// better than it does.
/// </summary>
public sealed class TenantStates(IEntityTable table, TimeProvider time)
{
    /// <summary>How old an answer may be by which mail is sent.</summary>
    public static readonly TimeSpan Sharp = TimeSpan.FromSeconds(5);

    /// <summary>How old an answer may be by which mail is accepted.</summary>
    public static readonly TimeSpan Coarse = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private Snapshot? _known;
    private Task? _loading;
    private long _round;

    /// <summary>The tenant's state; null: it is at work.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="maxAge">How old the answer may be; what this process writes itself it knows at once.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="StoreUnavailableException">It must be read, and can't be.</exception>
    public async ValueTask<TenantState?> FindAsync(TenantId tenant, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task loading;
            lock (_gate)
            {
                if (_known is { } known && time.GetElapsedTime(known.ReadAt) <= maxAge)
                    return known.ByTenant.GetValueOrDefault(tenant);
                // Those who miss together share a read.
                if (_loading is not { IsCompleted: false })
                    _loading = LoadAsync(_round);
                loading = _loading;
            }

            await loading.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Whether nothing of the tenant's is to be sent.</summary>
    public async ValueTask<bool> IsStoppedAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await FindAsync(tenant, Sharp, cancellationToken) is { IsStopped: true };

    /// <summary>The tenant's state as it is stored.</summary>
    public async Task<TenantState?> ReadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await table.GetAsync(new EntityKey(TenantState.Partition, tenant.Value), cancellationToken) is { } entity ? TenantState.Read(entity) : null;

    /// <summary>All states as they are stored, by tenant.</summary>
    public async Task<IReadOnlyList<TenantState>> ListAsync(CancellationToken cancellationToken)
    {
        var states = new List<TenantState>();
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(TenantState.Partition, ""), cancellationToken))
            states.AddRange(page.Entities.Select(TenantState.Read).OfType<TenantState>());
        return states;
    }

    /// <summary>Writes a state in the place of the one that was read, or as the first; null: another is stored.</summary>
    public async Task<TenantState?> WriteAsync(TenantState state, CancellationToken cancellationToken)
    {
        var result = await ForgetAfterAsync(table.WriteAsync([state.ToWrite()], cancellationToken));
        return result.IsDone ? state with { ETag = result.ETags[0] } : null;
    }

    /// <summary>Lets the tenant be at work again; false: another state is stored, or none.</summary>
    public async Task<bool> RemoveAsync(TenantState state, CancellationToken cancellationToken) =>
        (await ForgetAfterAsync(table.WriteAsync([EntityWrite.Delete(new EntityKey(TenantState.Partition, state.Tenant.Value), state.ETag)], cancellationToken))).IsDone;

    // Also what is being read right now: that may be from before.
    private async Task<WriteResult> ForgetAfterAsync(Task<WriteResult> write)
    {
        try
        {
            return await write;
        }
        finally
        {
            lock (_gate)
                (_round, _known, _loading) = (_round + 1, null, null);
        }
    }

    private async Task LoadAsync(long round)
    {
        var readAt = time.GetTimestamp();
        var states = await ListAsync(CancellationToken.None);
        lock (_gate)
        {
            if (_round == round)
                _known = new Snapshot(readAt, states.ToDictionary(static state => state.Tenant));
        }
    }

    private sealed record Snapshot(long ReadAt, Dictionary<TenantId, TenantState> ByTenant);
}
