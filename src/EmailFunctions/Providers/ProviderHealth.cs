using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Providers;

/// <summary>
/// What this process knows last of each tenant's providers, from probes and from real mail; the metric <c>email_provider_health</c> shows it.
/// </summary>
public sealed class ProviderHealth
{
    // Older knowledge is none: whoever sends seldom should not be shown as broken for days.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<(TenantId Tenant, ProviderType Type, TenantId Owner, int Place), Known> _known = new();
    private readonly TimeProvider _time;
    private readonly TenantLabels _tenants;

    public ProviderHealth(IMeterFactory meters, TenantLabels tenants, TimeProvider time)
    {
        _time = time;
        _tenants = tenants;
        EmailMeter.Of(meters).CreateObservableGauge("email_provider_health", Measure, description: "1: the tenant's provider takes mail; 0: it does not.");
    }

    /// <summary>Real mail was sent, or not. What says nothing about the provider changes nothing.</summary>
    public void Note(TenantId tenant, ProviderAccount account, SendResult result)
    {
        if (result.Status == SendStatus.Sent)
            Set(tenant, account, isHealthy: true);
        // Postponed: the provider was not asked.
        else if (result.MayGoElsewhere && result.Status != SendStatus.Postponed)
            Set(tenant, account, isHealthy: false);
    }

    /// <summary>The provider was probed.</summary>
    public void Note(TenantId tenant, ProviderAccount account, ProbeResult result)
    {
        if (result.Status != ProbeStatus.Limited)
            Set(tenant, account, result.IsHealthy);
    }

    /// <summary>Whether the provider is thought to take mail; null: nothing is known.</summary>
    public bool? Find(TenantId tenant, ProviderAccount account) =>
        _known.TryGetValue(KeyOf(tenant, account), out var known) && !IsOld(known) ? known.IsHealthy : null;

    private void Set(TenantId tenant, ProviderAccount account, bool isHealthy)
    {
        if (_known.Count > MaxKnown)
            _known.Clear();
        _known[KeyOf(tenant, account)] = new Known(isHealthy, _time.GetUtcNow());
    }

    private static (TenantId Tenant, ProviderType Type, TenantId Owner, int Place) KeyOf(TenantId tenant, ProviderAccount account) => (tenant, account.Settings.Type, account.Owner, account.Place);

    private bool IsOld(Known known) => _time.GetUtcNow() - known.At > Lifetime;

    // A tenant's two providers of one type share a series, and so do tenants beyond the bound: the worse of them shows.
    private IEnumerable<Measurement<int>> Measure() =>
        _known.Where(pair => !IsOld(pair.Value))
            .GroupBy(pair => (Label: _tenants.NameOf(pair.Key.Tenant), pair.Key.Type))
            .Select(static group => new Measurement<int>(
                group.All(static pair => pair.Value.IsHealthy) ? 1 : 0,
                MetricLabels.Of(MetricLabels.Provider, group.Key.Type.Name()),
                MetricLabels.Of(MetricLabels.Tenant, group.Key.Label)));

    private sealed record Known(bool IsHealthy, DateTimeOffset At);
}
