using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

public sealed record ConfigHealthResponse(bool OverallHealthy, IReadOnlyList<ProviderCheck> Checks, DateTimeOffset Timestamp);

public sealed record ProviderCheck(
    string Provider, string TenantId, bool Healthy, DateTimeOffset LastChecked, long ResponseTimeMs, string? Error);

/// <summary>Asks the provider that sends a tenant's mail whether it would, without sending any.</summary>
public sealed class ConfigHealth(ProviderResolver resolver, ProviderRegistry providers, TimeProvider time)
{
    public async Task<ConfigHealthResponse> CheckAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var account = await resolver.GetAccountAsync(tenant, cancellationToken);
        var started = time.GetTimestamp();
        var result = providers.Has(account.Settings.Type)
            ? await providers.Get(account.Settings.Type).ProbeAsync(account, cancellationToken)
            : ProbeResult.Unhealthy(ErrorCategory.Config, $"{account.Settings.Type.Name()} can't send in this version yet.");
        var now = time.GetUtcNow();
        var check = new ProviderCheck(
            account.Settings.Type.Name(),
            tenant.Value,
            result.IsHealthy,
            now,
            (long)time.GetElapsedTime(started).TotalMilliseconds,
            result.IsHealthy ? null : result.Answer ?? result.Category?.Name());
        return new ConfigHealthResponse(result.IsHealthy, [check], now);
    }
}
