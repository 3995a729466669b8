using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Lifecycle;

/// <summary>
/// Suspends tenants and lets them go again. The state is one row, and what follows from it, that the tenant's line stands or moves on, another, which is
/// seen to afterwards: by the request, and, if its process ends before, by <see cref="TenantSweep"/>.
/// </summary>
internal sealed class Suspender(TenantStates states, TenantLanes lanes, TimeProvider time)
{
    /// <summary>Stops a tenant; one that is suspended already gets the new reason.</summary>
    /// <exception cref="ProblemException">409: it leaves.</exception>
    public async Task<TenantState> SuspendAsync(TenantId tenant, string reason, string by, CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = time.GetUtcNow();
            var current = await states.ReadAsync(tenant, cancellationToken);
            EnsureStays(current);
            var next = current is { Phase: TenantPhase.Suspended }
                ? current with { Reason = reason, By = by }
                : new TenantState(tenant, TenantPhase.Suspended, reason, now, by) { PhaseSince = now, ETag = current?.ETag };
            if (await states.WriteAsync(next, cancellationToken) is not { } written)
                continue;
            await SettleAsync(tenant);
            return written;
        }
    }

    /// <summary>Lets a tenant go again: what waits is sent, in order and within its limits.</summary>
    /// <exception cref="ProblemException">409: it is not suspended, or leaves.</exception>
    public async Task ResumeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        while (true)
        {
            var current = await states.ReadAsync(tenant, cancellationToken);
            EnsureStays(current);
            if (current is null)
                throw Problem.Conflict("The tenant is not suspended.");
            if (await states.WriteAsync(current with { Phase = TenantPhase.Resuming, PhaseSince = time.GetUtcNow(), IsSettled = false }, cancellationToken) is null)
                continue;
            await SettleAsync(tenant);
            return;
        }
    }

    /// <summary>Sees to what follows from the tenant's state as it is stored. Any number may do so at once: the last to look leaves both rows saying the same.</summary>
    public async Task SettleAsync(TenantId tenant)
    {
        while (true)
        {
            var state = await states.ReadAsync(tenant, CancellationToken.None);
            await lanes.SuspendAsync(tenant, state is { IsStopped: true });
            var isStill = state switch
            {
                null => await states.ReadAsync(tenant, CancellationToken.None) is null,
                { Phase: TenantPhase.Resuming } => await states.RemoveAsync(state, CancellationToken.None),
                { IsSettled: true } => true,
                _ => await states.WriteAsync(state with { IsSettled = true }, CancellationToken.None) is not null,
            };
            if (isStill)
                return;
        }
    }

    private static void EnsureStays(TenantState? state)
    {
        if (state is { IsLeaving: true })
            throw Problem.Conflict(TenantState.Leaving);
    }
}
