using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sending;

/// <summary>
/// Removes the rows of idempotency keys that are remembered no more. They are found by reading through all of them: a second row
/// by time would cost every accepted message more than this costs.
/// </summary>
public sealed partial class IdempotencySweep(
    IEntityTable table, TenantDirectory tenants, SweepPositions positions, TimeProvider time, ILogger<IdempotencySweep> logger) : ISweep
{
    /// <summary>Pages of at most a thousand rows that one run reads; a tenant costs at least one.</summary>
    public const int MaxPages = 100;

    private const string PositionName = "idempotency";

    public string Name => "IdempotencyKeys";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 40 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (removed, pages) = (0, 0);
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            var query = EntityQuery.Prefix(tenant.Partition, IdempotencyRows.Prefix);
            if (tenant == start?.Tenant && start.Row is { } row)
                query = query with { FromRow = row };
            do
            {
                if (pages++ == MaxPages)
                {
                    await positions.WriteAsync(PositionName, start, new SweepPosition(tenant, query.FromRow), cancellationToken);
                    return Report(removed, isComplete: false);
                }

                var page = await table.QueryAsync(query, cancellationToken);
                removed += await RemoveExpiredAsync(page.Entities, cancellationToken);
                query = query with { Continuation = page.Continuation, FromRow = page.Entities is [.., var last] ? EntityQuery.Behind(last.Key.Row) : query.FromRow };
            }
            while (query.Continuation is not null);
        }

        await positions.WriteAsync(PositionName, start, null, cancellationToken);
        return Report(removed, isComplete: true);
    }

    private async Task<int> RemoveExpiredAsync(IReadOnlyList<Entity> rows, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var removed = 0;
        var expired = rows.Where(row => now - IdempotencyRows.Read(row).AcceptedAt >= IdempotencyRows.Lifetime);
        // A key that is used again right now has a new row, which stays.
        foreach (var chunk in expired.Chunk(EntityLimits.MaxBatchEntities))
            removed += await table.WriteUnrefusedAsync(chunk.Select(static row => EntityWrite.Delete(row.Key, row.ETag)), cancellationToken);
        return removed;
    }

    private SweepRun Report(int removed, bool isComplete)
    {
        if (removed > 0)
            Removed(logger, removed);
        return new SweepRun(removed, isComplete);
    }

    [LoggerMessage(EventId = 220, Level = LogLevel.Information, Message = "The sweep removed {Count} idempotency keys that had expired.")]
    private static partial void Removed(ILogger logger, int count);
}
