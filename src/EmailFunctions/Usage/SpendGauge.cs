using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>The metric <c>email_monthly_spend_usd</c>: what recipients cost in this UTC month, of all tenants, as the roll-ups have it.</summary>
internal sealed class SpendGauge(UsageIndex index, TenantLabels tenants, TimeProvider time, IMeterFactory meters)
    : StoredGauge(meters, "email_monthly_spend_usd", "Cost of this UTC month's recipients, in USD.")
{
    // Days before yesterday hardly change, and are most of what is to be read: each is kept as it comes, so that the next refresh goes on where
    // this one ran out of time, and read anew once an hour for as long as it may change at all.
    private readonly Dictionary<DateTimeOffset, (DateTimeOffset ReadAt, IReadOnlyDictionary<TenantId, decimal> Cost)> _days = [];

    private static readonly TimeSpan MayChange = TimeSpan.FromDays(5);

    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var month = UsageTime.DayOf(now).AddDays(1 - now.UtcDateTime.Day);
        var yesterday = UsageTime.DayOf(now) - UsageTime.Day;
        foreach (var old in _days.Keys.Where(day => day < month).ToList())
            _days.Remove(old);
        for (var day = month; day < yesterday; day += UsageTime.Day)
        {
            if (!_days.TryGetValue(day, out var kept) || (now - day < MayChange && now - kept.ReadAt > UsageTime.Hour))
                _days[day] = (now, await SumAsync(day, day, cancellationToken));
        }

        var recent = await SumAsync(month > yesterday ? month : yesterday, now, cancellationToken);
        return [.. from cost in _days.Values.SelectMany(static day => day.Cost).Concat(recent)
                   group cost.Value by tenants.NameOf(cost.Key) into costs
                   select new Measurement<double>((double)costs.Sum(), MetricLabels.Of(MetricLabels.Tenant, costs.Key))];
    }

    private async Task<IReadOnlyDictionary<TenantId, decimal>> SumAsync(DateTimeOffset first, DateTimeOffset last, CancellationToken cancellationToken)
    {
        var sums = new Dictionary<TenantId, decimal>();
        await foreach (var day in index.ReadAsync(first, last, cancellationToken))
            sums[day.Tenant] = sums.GetValueOrDefault(day.Tenant) + day.Total.Total().Cost;
        return sums;
    }
}
