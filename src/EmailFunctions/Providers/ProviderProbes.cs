using System.ComponentModel;
using EmailFunctions.Tenants;
using Microsoft.Extensions.Caching.Hybrid;

namespace EmailFunctions.Providers;

/// <summary>A probe's result, and when and how fast it came. Immutable, so that the cache need not copy it.</summary>
[ImmutableObject(true)]
public sealed record ProviderProbe(ProbeResult Result, DateTimeOffset At, TimeSpan Duration);

/// <summary>
/// Probes providers for whoever asks. An answer is kept for a while and callers that ask together share one probe, so that dashboards
/// can't hammer a provider.
/// </summary>
public sealed class ProviderProbes(HybridCache cache, ProviderRegistry providers, ProviderHealth health, TimeProvider time)
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>How long a provider may take to answer.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private static readonly HybridCacheEntryOptions Options = new() { Expiration = Lifetime, LocalCacheExpiration = Lifetime };

    /// <summary>What a probe found within the last half minute.</summary>
    /// <param name="tenant">For whom the account sends.</param>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public ValueTask<ProviderProbe> GetAsync(TenantId tenant, ProviderAccount account, CancellationToken cancellationToken) =>
        cache.GetOrCreateAsync(
            $"probe {account.Owner} {account.Version} {account.Place}",
            (Probes: this, Tenant: tenant, Account: account),
            static (state, token) => state.Probes.ProbeAsync(state.Tenant, state.Account, token),
            Options,
            tags: null,
            cancellationToken);

    /// <summary>Asks the provider itself, for no longer than <see cref="LongestWait"/>.</summary>
    /// <param name="tenant">For whom the account sends.</param>
    /// <param name="account">The account.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<ProbeResult> ProbeNowAsync(TenantId tenant, ProviderAccount account, CancellationToken cancellationToken)
    {
        var result = await AskAsync(account, cancellationToken);
        health.Note(tenant, account, result);
        return result;
    }

    private async ValueTask<ProviderProbe> ProbeAsync(TenantId tenant, ProviderAccount account, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var result = await ProbeNowAsync(tenant, account, cancellationToken);
        return new ProviderProbe(result, time.GetUtcNow(), time.GetElapsedTime(started));
    }

    private async Task<ProbeResult> AskAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        if (!providers.Has(account.Settings.Type))
            return ProbeResult.Unhealthy(ErrorCategory.Config, $"This deployment can't send through {account.Settings.Type.Name()}.");
        using var timeout = new CancellationTokenSource(LongestWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await providers.Get(account.Settings.Type).ProbeAsync(account, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.Unhealthy(ErrorCategory.Timeout, "The provider did not answer in time.");
        }
    }
}
