using EmailFunctions.Activities;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Lifecycle;

/// <summary>
/// Goes on with what was begun for tenants that are not simply at work: a suspension whose process ended before the tenant's line knew of it, and the deletion of
/// those who leave. What is deleted is gone and found no more, so a run that ends at any moment costs nothing.
/// </summary>
internal sealed partial class TenantSweep(
    TenantStates states, Suspender suspender, TenantEraser eraser, AdminAudit audit, TimeProvider time, ILogger<TenantSweep> logger) : ISweep
{
    /// <summary>From when on every instance knows that the tenant leaves, and accepts nothing for it.</summary>
    public static readonly TimeSpan KnownAfter = TenantStates.Coarse + TimeSpan.FromSeconds(5);

    /// <summary>How long after the deletion nobody knows the tenant any more: claims, keys, and the entry in the directory are forgotten by then.</summary>
    public static readonly TimeSpan ForgottenAfter = TenantDirectory.Lifetime + TimeSpan.FromMinutes(1);

    public string Name => "Tenants";

    public TimeSpan Interval => TimeSpan.FromSeconds(10);

    public string Schedule => "25 * * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (count, isComplete) = (0, true);
        foreach (var state in await states.ListAsync(cancellationToken))
        {
            if (state.IsLeaving)
            {
                var (removed, isDone) = await GoOnAsync(state, cancellationToken);
                count += removed;
                isComplete &= isDone;
            }
            else if (!state.IsSettled)
            {
                await suspender.SettleAsync(state.Tenant);
                count++;
            }
        }

        return new SweepRun(count, isComplete);
    }

    // Done: there is nothing to do for it at present.
    private async Task<(int Removed, bool IsDone)> GoOnAsync(TenantState state, CancellationToken cancellationToken)
    {
        var isLast = state.Phase == TenantPhase.Offboarded;
        if (time.GetUtcNow() < state.PhaseSince + (isLast ? ForgottenAfter : KnownAfter))
            return (0, true);
        var (removed, isAll) = await eraser.EraseAsync(state.Tenant, cancellationToken);
        var next = state with { RemovedRows = state.RemovedRows + removed };
        if (!isAll)
        {
            await states.WriteAsync(next, cancellationToken);
            return (removed, false);
        }

        if (!isLast)
        {
            await states.WriteAsync(next with { Phase = TenantPhase.Offboarded, PhaseSince = time.GetUtcNow() }, cancellationToken);
            return (removed, true);
        }

        await audit.WriteAsync(new AdminDeed("service", AdminActions.TenantErased, state.Tenant) { Detail = FormattableString.Invariant($"{next.RemovedRows} rows removed") }, cancellationToken);
        await states.RemoveAsync(state, cancellationToken);
        Erased(logger, state.Tenant, next.RemovedRows);
        return (removed, true);
    }

    [LoggerMessage(EventId = 650, Level = LogLevel.Information, Message = "Tenant {TenantId} is offboarded: {Count} rows were removed.")]
    private static partial void Erased(ILogger logger, TenantId tenantId, long count);
}
