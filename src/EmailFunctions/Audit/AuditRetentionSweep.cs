using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>Removes audit rows that are older than they are to be kept.</summary>
public sealed partial class AuditRetentionSweep(
    IEntityTable table, TenantDirectory tenants, SweepPositions positions, AuditSettings settings, TimeProvider time, ILogger<AuditRetentionSweep> logger) : ISweep
{
    /// <summary>Pages of at most a thousand rows that one run reads; a tenant costs at least one.</summary>
    public const int MaxPages = 100;

    private const string PositionName = "audit-retention";

    public string Name => "AuditRetention";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 10 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        if (settings.Retention is not { } retention)
            return new SweepRun(0, IsComplete: true);
        var (removed, pages) = (0, 0);
        var end = time.GetUtcNow() - retention;
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            var query = AuditRow.Query(tenant, start: null, end, after: null);
            do
            {
                if (pages++ == MaxPages)
                {
                    // Those that are removed are found no more, so the next run begins with this tenant's rest.
                    await positions.WriteAsync(PositionName, start, new SweepPosition(tenant), cancellationToken);
                    return Report(removed, isComplete: false);
                }

                var page = await table.QueryAsync(query, cancellationToken);
                query = query with { Continuation = page.Continuation };
                foreach (var chunk in page.Entities.Chunk(EntityLimits.MaxBatchEntities))
                    removed += await table.WriteUnrefusedAsync(chunk.Select(static row => EntityWrite.Delete(row.Key, row.ETag)), cancellationToken);
            }
            while (query.Continuation is not null);
        }

        await positions.WriteAsync(PositionName, start, null, cancellationToken);
        return Report(removed, isComplete: true);
    }

    private SweepRun Report(int removed, bool isComplete)
    {
        if (removed > 0)
            Removed(logger, removed);
        return new SweepRun(removed, isComplete);
    }

    [LoggerMessage(EventId = 630, Level = LogLevel.Information, Message = "The sweep removed {Count} audit rows that were old enough.")]
    private static partial void Removed(ILogger logger, int count);
}
