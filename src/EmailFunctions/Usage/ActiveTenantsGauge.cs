using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;

namespace EmailFunctions.Usage;

/// <summary>The metric <c>email_active_tenants</c>: tenants that had mail within the last 24 hours, as the roll-ups have it.</summary>
internal sealed class ActiveTenantsGauge(UsageOverviewReader overview, IMeterFactory meters)
    : StoredGauge(meters, "email_active_tenants", "Tenants that had mail within the last 24 hours.")
{
    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken) =>
        [new Measurement<double>(await overview.CountActiveAsync(cancellationToken))];
}
