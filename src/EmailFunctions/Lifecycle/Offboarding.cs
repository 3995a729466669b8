using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Lifecycle;

/// <summary>Has all that a tenant has deleted, by <see cref="TenantSweep"/>.</summary>
internal sealed class Offboarding(TenantStates states, TimeProvider time)
{
    /// <summary>Begins, or shows how far it has come.</summary>
    /// <exception cref="ProblemException">409: the tenant is not suspended.</exception>
    public async Task<TenantState> BeginAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await states.ReadAsync(tenant, cancellationToken) is not { IsStopped: true } state)
                throw Problem.Conflict("Only a suspended tenant can be offboarded: suspend it first, and export what is to be kept.");
            if (state.IsLeaving)
                return state;
            if (await states.WriteAsync(state with { Phase = TenantPhase.Offboarding, PhaseSince = time.GetUtcNow() }, cancellationToken) is { } begun)
                return begun;
        }
    }
}
