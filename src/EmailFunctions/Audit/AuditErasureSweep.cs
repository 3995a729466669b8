using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>
/// Erases recipients from tenants' audits: their rows stay, without saying whose they are. It reads through all rows of a tenant, once for
/// all erasures that begin together, and then through the messages whose contents may name them. A row's change is final, so a run that ends
/// at any moment costs the next one some reading and nothing else.
/// </summary>
internal sealed partial class AuditErasureSweep(IEntityTable table, AuditErasures erasures, IContentErasure contents, ILogger<AuditErasureSweep> logger) : ISweep
{
    /// <summary>Pages of at most a thousand rows that one run reads.</summary>
    public const int MaxPages = 100;

    /// <summary>Messages that one run reads.</summary>
    public const int MaxLooks = 1_000;

    public string Name => "AuditErasures";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public string Schedule => "15 */5 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var run = new Run();
        while ((await erasures.ListAsync(cancellationToken)).Where(erasure => !run.Unreadable.Contains(erasure.Tenant)).ToList() is [var first, ..] all)
        {
            var group = all.Where(erasure => erasure.Tenant == first.Tenant && erasure.Position == first.Position && erasure.CancelsWaiting == first.CancelsWaiting).ToList();
            if ((!first.IsInContents && !await EraseFromRowsAsync(group, run, cancellationToken)) || !await EraseFromContentsAsync(group, run, cancellationToken))
                return Report(run, isComplete: false);
        }

        return Report(run, isComplete: true);
    }

    // False: the run has read enough.
    private async Task<bool> EraseFromRowsAsync(List<AuditErasure> group, Run run, CancellationToken cancellationToken)
    {
        var hashes = group.Select(static erasure => erasure.Hash).ToHashSet(StringComparer.Ordinal);
        var position = group[0].Position;
        var query = AuditRow.Query(group[0].Tenant, start: null, end: null, after: position);
        do
        {
            if (run.Pages++ == MaxPages)
            {
                if (position is not null)
                    await erasures.AdvanceAsync(group, position, cancellationToken);
                return false;
            }

            var page = await table.QueryAsync(query, cancellationToken);
            run.Rows += await EraseAsync(page.Entities, hashes, cancellationToken);
            position = page.Entities is [.., var last] ? last.Key.Row[AuditRow.Prefix.Length..] : position;
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
        return true;
    }

    // The same. A tenant whose key can't be used waits for a later run, and others must not wait for it.
    private async Task<bool> EraseFromContentsAsync(List<AuditErasure> group, Run run, CancellationToken cancellationToken)
    {
        var (tenant, place) = (group[0].Tenant, group[0].Place);
        var hashes = group.Exists(static erasure => erasure.Hash == AuditErasure.All) ? null : group.Select(static erasure => erasure.Hash).ToHashSet(StringComparer.Ordinal);
        try
        {
            var erased = await contents.EraseAsync(tenant, new ErasureWish(hashes, group[0].CancelsWaiting), place, MaxLooks - run.Looks, cancellationToken);
            run.Looks += erased.Looks;
            run.Messages += erased.Count;
            if (erased.Next is { } next)
            {
                await erasures.AdvanceAsync(group, AuditErasure.PositionOf(next), cancellationToken);
                return false;
            }

            await erasures.EndAsync(group, cancellationToken);
        }
        catch (KeyUnavailableException exception)
        {
            ContentsUnreadable(logger, exception, tenant);
            run.Unreadable.Add(tenant);
        }

        return true;
    }

    private async Task<int> EraseAsync(IReadOnlyList<Entity> rows, HashSet<string> hashes, CancellationToken cancellationToken)
    {
        var erased = 0;
        // One that is refused was removed for its age, or erased by another run.
        foreach (var chunk in rows.Where(row => hashes.Contains(AuditRow.HashIn(row))).Chunk(EntityLimits.MaxBatchEntities))
            erased += await table.WriteUnrefusedAsync(chunk.Select(AuditRow.Erase), cancellationToken);
        return erased;
    }

    private SweepRun Report(Run run, bool isComplete)
    {
        if (run.Rows > 0)
            RecipientsErased(logger, run.Rows);
        if (run.Messages > 0)
            ContentsErased(logger, run.Messages);
        return new SweepRun(run.Rows + run.Messages, isComplete);
    }

    [LoggerMessage(EventId = 631, Level = LogLevel.Information, Message = "The sweep erased the recipients of {Count} audit rows.")]
    private static partial void RecipientsErased(ILogger logger, int count);

    [LoggerMessage(EventId = 632, Level = LogLevel.Information, Message = "The sweep ended {Count} messages whose contents named recipients that were to be erased.")]
    private static partial void ContentsErased(ILogger logger, int count);

    [LoggerMessage(EventId = 633, Level = LogLevel.Error, Message = "Recipients of tenant {TenantId} are not erased from contents yet, since its keys can't be used.")]
    private static partial void ContentsUnreadable(ILogger logger, Exception exception, TenantId tenantId);

    private sealed class Run
    {
        public int Rows { get; set; }

        public int Pages { get; set; }

        public int Messages { get; set; }

        public int Looks { get; set; }

        public HashSet<TenantId> Unreadable { get; } = [];
    }
}
