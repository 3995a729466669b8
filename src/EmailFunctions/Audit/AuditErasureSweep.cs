using EmailFunctions.Storage;
using EmailFunctions.Sweeps;

namespace EmailFunctions.Audit;

/// <summary>
/// Erases recipients from tenants' audits: their rows stay, without saying whose they are. It reads through all rows of a tenant, once for
/// all erasures that begin together. A row's change is final, so a run that ends at any moment costs the next one some reading and nothing else.
/// </summary>
internal sealed partial class AuditErasureSweep(IEntityTable table, AuditErasures erasures, ILogger<AuditErasureSweep> logger) : ISweep
{
    /// <summary>Pages of at most a thousand rows that one run reads.</summary>
    public const int MaxPages = 100;

    public string Name => "AuditErasures";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public string Schedule => "15 */5 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (erased, pages) = (0, 0);
        while (await erasures.ListAsync(cancellationToken) is [var first, ..] all)
        {
            var group = all.Where(erasure => erasure.Tenant == first.Tenant && erasure.Position == first.Position).ToList();
            var hashes = group.Select(static erasure => erasure.Hash).ToHashSet(StringComparer.Ordinal);
            var position = first.Position;
            var query = AuditRow.Query(first.Tenant, start: null, end: null, after: position);
            do
            {
                if (pages++ == MaxPages)
                {
                    if (position is not null)
                        await erasures.AdvanceAsync(group, position, cancellationToken);
                    return Report(erased, isComplete: false);
                }

                var page = await table.QueryAsync(query, cancellationToken);
                erased += await EraseAsync(page.Entities, hashes, cancellationToken);
                position = page.Entities is [.., var last] ? last.Key.Row[AuditRow.Prefix.Length..] : position;
                query = query with { Continuation = page.Continuation };
            }
            while (query.Continuation is not null);

            await erasures.EndAsync(group, cancellationToken);
        }

        return Report(erased, isComplete: true);
    }

    private async Task<int> EraseAsync(IReadOnlyList<Entity> rows, HashSet<string> hashes, CancellationToken cancellationToken)
    {
        var erased = 0;
        // One that is refused was removed for its age, or erased by another run.
        foreach (var chunk in rows.Where(row => hashes.Contains(AuditRow.HashIn(row))).Chunk(EntityLimits.MaxBatchEntities))
            erased += await table.WriteUnrefusedAsync(chunk.Select(AuditRow.Erase), cancellationToken);
        return erased;
    }

    private SweepRun Report(int erased, bool isComplete)
    {
        if (erased > 0)
            RecipientsErased(logger, erased);
        return new SweepRun(erased, isComplete);
    }

    [LoggerMessage(EventId = 631, Level = LogLevel.Information, Message = "The sweep erased the recipients of {Count} audit rows.")]
    private static partial void RecipientsErased(ILogger logger, int count);
}
