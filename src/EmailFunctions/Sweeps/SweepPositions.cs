using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sweeps;

/// <summary>Where a run stopped.</summary>
/// <param name="Tenant">At which tenant.</param>
/// <param name="Row">From which of its rows on is left; null: all.</param>
public sealed record SweepPosition(TenantId Tenant, string? Row = null);

/// <summary>Where the runs of sweeps stopped, kept in the store, so that another process goes on from there.</summary>
public sealed class SweepPositions(IEntityTable table)
{
    private const string Partition = "sweeps";

    /// <summary>Where the sweep's last run stopped; null: at the end.</summary>
    public async Task<SweepPosition?> ReadAsync(string sweep, CancellationToken cancellationToken) =>
        await table.GetAsync(new EntityKey(Partition, sweep), cancellationToken) is { } entity && TenantId.TryParse(entity.GetString("tenant")!, out var tenant)
            ? new SweepPosition(tenant, entity.GetString("row"))
            : null;

    /// <summary>Lets the sweeps that stopped at a tenant begin with the first one: a position only saves reading.</summary>
    public async Task RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var page = await table.QueryAsync(EntityQuery.Prefix(Partition, ""), cancellationToken);
        await table.WriteUnrefusedAsync(page.Entities.Where(row => row.GetString("tenant") == tenant.Value).Select(static row => EntityWrite.Delete(row.Key, row.ETag)), cancellationToken);
    }

    /// <summary>Writes down where a run stopped; null: at the end.</summary>
    /// <param name="sweep">The sweep's name.</param>
    /// <param name="before">What the run began with.</param>
    /// <param name="position">Where it stopped.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task WriteAsync(string sweep, SweepPosition? before, SweepPosition? position, CancellationToken cancellationToken)
    {
        if (before == position)
            return;
        var key = new EntityKey(Partition, sweep);
        // Gone already is as good: another run has come to the end.
        var write = position is null
            ? EntityWrite.Delete(key, etag: null)
            : EntityWrite.Put(new Entity(key) { ["tenant"] = position.Tenant.Value, ["row"] = position.Row });
        await table.WriteAsync([write], cancellationToken);
    }
}
