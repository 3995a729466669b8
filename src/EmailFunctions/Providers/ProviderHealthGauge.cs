using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;

namespace EmailFunctions.Providers;

/// <summary>
/// The metric <c>email_provider_health</c>: the newest sign of all instances, so that what one found well long ago does not hide what another
/// finds down now. An instance tells the others of what it finds down, and that it is well again; most providers are never down, and have no row.
/// </summary>
internal sealed class ProviderHealthGauge(ProviderHealth health, ProviderHealthRows rows, TenantLabels tenants, IMeterFactory meters)
    : StoredGauge(meters, "email_provider_health", "1: the tenant's provider takes mail; 0: it does not.")
{
    // A row is of use for as long as a sign is; of a provider that stays down it is written anew before that.
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        var (own, stored) = (health.Signs(), await rows.ReadAsync(cancellationToken));
        var told = stored.Where(row => !health.IsOld(row.Sign)).ToDictionary(static row => row.Seat, static row => row.Sign);
        await rows.WriteAsync(own.Where(pair => IsNews(pair.Value, told.GetValueOrDefault(pair.Key))), cancellationToken);
        await rows.RemoveAsync(stored.Where(row => health.IsOld(row.Sign)), cancellationToken);

        // A tenant's two providers of one type share a series, and so do tenants beyond the bound: the worse of them shows.
        return [.. own.Concat(told).GroupBy(static pair => pair.Key)
            .Select(static signs => (Seat: signs.Key, signs.MaxBy(static pair => pair.Value.At).Value.IsHealthy))
            .GroupBy(found => (Label: tenants.NameOf(found.Seat.Tenant), found.Seat.Type))
            .Select(static group => new Measurement<double>(
                group.All(static found => found.IsHealthy) ? 1 : 0,
                MetricLabels.Of(MetricLabels.Provider, group.Key.Type.Name()),
                MetricLabels.Of(MetricLabels.Tenant, group.Key.Label)))];
    }

    private static bool IsNews(HealthSign own, HealthSign? told) => told is null
        ? !own.IsHealthy
        : own.At > told.At && (own.IsHealthy != told.IsHealthy || (!own.IsHealthy && own.At - told.At >= Renewal));
}
