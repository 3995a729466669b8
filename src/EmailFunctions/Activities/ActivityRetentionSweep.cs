using EmailFunctions.Storage;
using EmailFunctions.Sweeps;

namespace EmailFunctions.Activities;

/// <summary>How long it is kept who did what.</summary>
/// <param name="Retention">So long; null: for ever.</param>
public sealed record ActivitySettings(TimeSpan? Retention);

/// <summary>Removes rows of administrative actions that are older than they are to be kept. Nothing else removes any.</summary>
internal sealed partial class ActivityRetentionSweep(IEntityTable table, ActivitySettings settings, TimeProvider time, ILogger<ActivityRetentionSweep> logger) : ISweep
{
    /// <summary>Pages of at most a thousand rows that one run reads.</summary>
    public const int MaxPages = 20;

    // Each has at most two rows.
    private const int ActionsOfBatch = EntityLimits.MaxBatchEntities / 2;

    public string Name => "ActivityRetention";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 20 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        if (settings.Retention is not { } retention)
            return new SweepRun(0, IsComplete: true);
        var (removed, pages) = (0, 0);
        await foreach (var page in table.PagesAsync(ActivityRow.Query(tenant: null, start: null, time.GetUtcNow() - retention, after: null), cancellationToken))
        {
            // The one by which an action is found goes in the same batch as the other: none is left that nobody finds.
            foreach (var chunk in page.Entities.Select(ActivityRow.Read).Chunk(ActionsOfBatch))
                removed += await table.WriteUnrefusedAsync(chunk.SelectMany(static row => row.KeysOf()).Select(static key => EntityWrite.Delete(key, etag: null)), cancellationToken);
            if (++pages == MaxPages && page.Continuation is not null)
                return Report(removed, isComplete: false);
        }

        return Report(removed, isComplete: true);
    }

    private SweepRun Report(int removed, bool isComplete)
    {
        if (removed > 0)
            Removed(logger, removed);
        return new SweepRun(removed, isComplete);
    }

    [LoggerMessage(EventId = 641, Level = LogLevel.Information, Message = "The sweep removed {Count} rows of administrative actions that were old enough.")]
    private static partial void Removed(ILogger logger, int count);
}
