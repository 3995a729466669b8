using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>Rolls up the usage of all tenants, so that what is asked about it is a bounded number of reads.</summary>
internal sealed partial class UsageRollupSweep(
    UsageRollups rollups, UsageIndex index, TenantDirectory tenants, SweepPositions positions, TimeProvider time, ILogger<UsageRollupSweep> logger) : ISweep
{
    /// <summary>Reads of one run, which ends at the next tenant or the next day of one.</summary>
    public const int MaxReads = 2_000;

    // More than that, and it is the store.
    private const int MaxFailures = 3;

    private const string PositionName = "usage-rollups";

    public string Name => "UsageRollups";

    public TimeSpan Interval => TimeSpan.FromSeconds(30);

    public string Schedule => "15 */5 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        var (reads, count, failures) = (new ReadBudget(MaxReads), 0, 0);
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            bool isDone;
            try
            {
                isDone = !reads.AreUsedUp && await rollups.RollAsync(tenant, reads, cancellationToken);
            }
            catch (StoreUnavailableException exception) when (++failures <= MaxFailures)
            {
                // One tenant's partition that is too busy must not keep all behind it from being counted.
                TenantFailed(logger, exception, tenant);
                continue;
            }

            if (!isDone)
            {
                if (start is null)
                    await index.NoteBeginAsync(began, cancellationToken);
                await positions.WriteAsync(PositionName, start, new SweepPosition(tenant), cancellationToken);
                return new SweepRun(count, IsComplete: false);
            }

            count++;
        }

        if (failures == 0)
            await index.NoteEndAsync(start is null ? began : null, cancellationToken);
        await positions.WriteAsync(PositionName, start, null, cancellationToken);
        return new SweepRun(count, IsComplete: true);
    }

    [LoggerMessage(EventId = 611, Level = LogLevel.Warning, Message = "The usage of tenant {TenantId} can't be rolled up now; the next run tries again.")]
    private static partial void TenantFailed(ILogger logger, Exception exception, TenantId tenantId);
}
