using System.ComponentModel;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

public sealed record ConfigHealthResponse(bool OverallHealthy, IReadOnlyList<ProviderCheck> Checks, DateTimeOffset Timestamp);

public sealed record ProviderCheck(
    string Provider,
    string TenantId,
    bool Healthy,
    [property: Description("healthy, unhealthy, or limited: the account may send, but can't be probed, and what became of real mail is what healthy says.")] string Status,
    DateTimeOffset LastChecked,
    long ResponseTimeMs,
    string? Error);

/// <summary>Asks those who send a tenant's mail, its fallback among them, whether they would, without sending any.</summary>
public sealed class ConfigHealth(ProviderResolver resolver, ProviderProbes probes, ProviderHealth health, TimeProvider time)
{
    public async Task<ConfigHealthResponse> CheckAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var checks = await CheckAsync(tenant, await resolver.GetAccountsAsync(tenant, cancellationToken), cancellationToken);
        return new ConfigHealthResponse(checks.All(static check => check.Healthy), checks, time.GetUtcNow());
    }

    /// <summary>The same for a configuration as it was read from the store.</summary>
    /// <exception cref="Keys.KeyUnavailableException">Its secrets can't be decrypted.</exception>
    public async Task<IReadOnlyList<ProviderCheck>> CheckAsync(TenantConfig config, CancellationToken cancellationToken) =>
        await CheckAsync(config.Tenant, await resolver.ToAccountsAsync(config, cancellationToken), cancellationToken);

    private Task<ProviderCheck[]> CheckAsync(TenantId tenant, IReadOnlyList<ProviderAccount> accounts, CancellationToken cancellationToken) =>
        Task.WhenAll(accounts.Select(account => CheckAsync(tenant, account, cancellationToken)));

    private async Task<ProviderCheck> CheckAsync(TenantId tenant, ProviderAccount account, CancellationToken cancellationToken)
    {
        var probe = await probes.GetAsync(tenant, account, cancellationToken);
        var isHealthy = probe.Result.Status == ProbeStatus.Limited ? health.Find(tenant, account) ?? true : probe.Result.IsHealthy;
        return new ProviderCheck(
            account.Settings.Type.Name(),
            tenant.Value,
            isHealthy,
            probe.Result.Status switch { ProbeStatus.Healthy => "healthy", ProbeStatus.Limited => "limited", _ => "unhealthy" },
            probe.At,
            (long)probe.Duration.TotalMilliseconds,
            isHealthy ? null : probe.Result.Answer ?? probe.Result.Category?.Name() ?? "Real mail fails.");
    }
}
