using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>The metric <c>email_monthly_spend_usd</c>: what recipients cost in this UTC month, of all tenants, as the roll-ups have it.</summary>
internal sealed class SpendGauge(UsageIndex index, TenantLabels tenants, TimeProvider time, IMeterFactory meters)
    : StoredGauge(meters, "email_monthly_spend_usd", "Cost of this UTC month's recipients, in USD.")
{
    // Days before yesterday hardly change, and are most of what is to be read: they are read once an hour.
    private (DateTimeOffset ReadIn, IReadOnlyDictionary<TenantId, decimal> Cost)? _before;

    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var month = UsageTime.DayOf(now).AddDays(1 - now.UtcDateTime.Day);
        var yesterday = UsageTime.DayOf(now) - UsageTime.Day;
        if (_before?.ReadIn != UsageTime.HourOf(now))
            _before = (UsageTime.HourOf(now), month < yesterday ? await SumAsync(month, yesterday - UsageTime.Day, cancellationToken) : new Dictionary<TenantId, decimal>());
        var recent = await SumAsync(month > yesterday ? month : yesterday, now, cancellationToken);
        return [.. from cost in _before.Value.Cost.Concat(recent)
                   group cost.Value by tenants.Of(cost.Key) into costs
                   select new Measurement<double>((double)costs.Sum(), costs.Key)];
    }

    private async Task<IReadOnlyDictionary<TenantId, decimal>> SumAsync(DateTimeOffset first, DateTimeOffset last, CancellationToken cancellationToken)
    {
        var sums = new Dictionary<TenantId, decimal>();
        await foreach (var day in index.ReadAsync(first, last, cancellationToken))
            sums[day.Tenant] = sums.GetValueOrDefault(day.Tenant) + day.Total.Total().Cost;
        return sums;
    }
}
