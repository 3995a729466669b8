using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>How long usage is kept by the message; null: for ever. Its roll-ups are kept for ever.</summary>
public sealed record UsageSettings(TimeSpan? RowLifetime)
{
    /// <summary>Days at least: well beyond those after which a day is rolled up for the last time.</summary>
    public const int MinDays = 7;
}

/// <summary>Removes usage rows that are old enough and whose days are rolled up for the last time.</summary>
internal sealed partial class UsageRowSweep(
    IEntityTable table, TenantDirectory tenants, SweepPositions positions, UsageSettings settings, TimeProvider time, ILogger<UsageRowSweep> logger) : ISweep
{
    /// <summary>Reads of one run: a tenant's first, and each thousand of its rows, which are ten writes more. It must end before the host's patience does.</summary>
    public const int MaxReads = 100;

    private const string PositionName = "usage-rows";

    public string Name => "UsageRows";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 30 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        if (settings.RowLifetime is not { } lifetime)
            return new SweepRun(0, IsComplete: true);
        var cutoff = UsageTime.DayOf(time.GetUtcNow() - lifetime);
        var (reads, removed) = (new ReadBudget(MaxReads), 0);
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        SweepPosition? stop = null;
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            removed += reads.AreUsedUp ? 0 : await RemoveAsync(tenant, cutoff, reads, cancellationToken);
            if (!reads.AreUsedUp)
                continue;
            stop = new SweepPosition(tenant);
            break;
        }

        await positions.WriteAsync(PositionName, start, stop, cancellationToken);
        if (removed > 0)
            Removed(logger, removed);
        return new SweepRun(removed, stop is null);
    }

    private async Task<int> RemoveAsync(TenantId tenant, DateTimeOffset cutoff, ReadBudget reads, CancellationToken cancellationToken)
    {
        reads.Take();
        var head = await RollupHead.ReadAsync(table, tenant, cancellationToken);
        var end = UsageTime.Earlier(cutoff, head.FinalBefore);
        if (end <= head.CleanedBefore)
            return 0;
        // Before the first row goes, so that nobody who reads takes the rest for all.
        if (head.RemovedBefore < end && await WriteAsync(head with { RemovedBefore = end }, cancellationToken) is var noted)
        {
            // Refused: the roll-up is at this tenant; the next run will do.
            if (noted is null)
                return 0;
            head = noted;
        }

        var (removed, query) = (0, UsageRow.Between(tenant, UsageTime.Beginning, end));
        do
        {
            reads.Take();
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var chunk in page.Entities.Chunk(EntityLimits.MaxBatchEntities))
                removed += await table.WriteUnrefusedAsync(chunk.Select(static row => EntityWrite.Delete(row.Key, etag: null)), cancellationToken);
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null && !reads.AreUsedUp);
        if (query.Continuation is null)
            await WriteAsync(head with { CleanedBefore = end }, cancellationToken);
        return removed;
    }

    private async Task<RollupHead?> WriteAsync(RollupHead head, CancellationToken cancellationToken) =>
        await table.WriteAsync([head.ToWrite()], cancellationToken) is { IsDone: true } result ? head with { ETag = result.ETags[0] } : null;

    [LoggerMessage(EventId = 610, Level = LogLevel.Information, Message = "The sweep removed {Count} usage rows whose days are rolled up.")]
    private static partial void Removed(ILogger logger, int count);
}
