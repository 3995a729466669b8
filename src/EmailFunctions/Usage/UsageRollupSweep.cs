using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>Rolls up the usage of all tenants, so that what is asked about it is a bounded number of reads.</summary>
internal sealed class UsageRollupSweep(UsageRollups rollups, UsageIndex index, TenantDirectory tenants, SweepPositions positions, TimeProvider time) : ISweep
{
    /// <summary>Reads of one run, which ends at the next tenant or the next day of one.</summary>
    public const int MaxReads = 2_000;

    private const string PositionName = "usage-rollups";

    public string Name => "UsageRollups";

    public TimeSpan Interval => TimeSpan.FromSeconds(30);

    public string Schedule => "15 */5 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        var (reads, count) = (new ReadBudget(MaxReads), 0);
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            if (reads.AreUsedUp || !await rollups.RollAsync(tenant, reads, cancellationToken))
            {
                if (start is null)
                    await index.NoteBeginAsync(began, cancellationToken);
                await positions.WriteAsync(PositionName, start, new SweepPosition(tenant), cancellationToken);
                return new SweepRun(count, IsComplete: false);
            }

            count++;
        }

        await index.NoteEndAsync(start is null ? began : null, cancellationToken);
        await positions.WriteAsync(PositionName, start, null, cancellationToken);
        return new SweepRun(count, IsComplete: true);
    }
}
