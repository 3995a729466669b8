using EmailFunctions.ApiKeys;
using EmailFunctions.Audit;
using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;
using EmailFunctions.Usage;

namespace EmailFunctions.Lifecycle;

/// <summary>
/// Deletes all that the store has of a tenant but the record of who administered it. What leads to other places is deleted after what it leads to: a message's row after
/// its payload, a day's roll-up after its copy in the index. So whoever is stopped in between finds the rest.
/// </summary>
internal sealed class TenantEraser(
    IEntityTable table,
    ConfigStore configs,
    ConfigCache cache,
    ApiKeyService apiKeys,
    RecipientHasher hasher,
    StoredKeys keys,
    MessagePayloads payloads,
    AuditErasures erasures,
    UsageIndex usage,
    SweepPositions positions,
    TenantDirectory directory,
    TimeProvider time)
{
    /// <summary>Pages of at most a thousand rows that one run deletes, a hundred in a batch and one batch after the other.</summary>
    public const int MaxPages = 10;

    /// <summary>Deletes a part; how many rows of the tenant's partition, and whether nothing is left.</summary>
    /// <exception cref="StoreUnavailableException">A part is deleted, it is not known which.</exception>
    public async Task<(int Removed, bool IsAll)> EraseAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await ForgetAsync(tenant, cancellationToken);
        var removed = 0;
        for (var pages = 0; pages < MaxPages; pages++)
        {
            // What is deleted is found no more, so that each page is the first.
            var page = await table.QueryAsync(EntityQuery.Prefix(tenant.Partition, ""), cancellationToken);
            foreach (var chunk in page.Entities.Chunk(EntityLimits.MaxBatchEntities))
            {
                foreach (var row in chunk)
                    await EraseWhatHangsOnAsync(tenant, row, cancellationToken);
                removed += await table.WriteUnrefusedAsync(chunk.Select(static row => EntityWrite.Delete(row.Key, etag: null)), cancellationToken);
            }

            if (page.Continuation is null)
            {
                await keys.EndDropsAsync(tenant.Partition, cancellationToken);
                return (removed, true);
            }
        }

        return (removed, false);
    }

    // What lies elsewhere. Without its entry in the directory no sweep goes on with the tenant, and without their key its hashes are nobody's.
    private async Task ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await directory.RemoveAsync(tenant, cancellationToken);
        await apiKeys.RevokeAllAsync(tenant, cancellationToken);
        while (await configs.GetAsync(tenant, cancellationToken) is { } config && !await configs.DeleteAsync(config, cancellationToken))
        {
            // Somebody has changed it meanwhile.
        }

        await cache.InvalidateAsync(tenant, cancellationToken);
        await hasher.DropAsync(tenant, cancellationToken);
        await erasures.RemoveAsync(tenant, cancellationToken);
        await positions.RemoveAsync(tenant, cancellationToken);
        await usage.RemoveRecentAsync(tenant, time.GetUtcNow(), cancellationToken);
    }

    private async Task EraseWhatHangsOnAsync(TenantId tenant, Entity row, CancellationToken cancellationToken)
    {
        if (StoredKeys.IsKey(row))
            await keys.DropAsync(row.Key, cancellationToken);
        else if (LedgerRows.TryRead(tenant, row) is { } entry)
            await payloads.RemoveAsync(entry, cancellationToken);
        else if (UsageDay.TryRead(tenant, row) is { } day)
            await usage.RemoveAsync(day, cancellationToken);
    }
}
