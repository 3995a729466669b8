using EmailFunctions.Configs;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>What all tenants sent, over days.</summary>
public sealed record AdminUsage(
    int PeriodDays,
    DateTimeOffset PeriodStart,
    DateTimeOffset PeriodEnd,
    int TotalTenantsActive,
    int TotalTenantsConfigured,
    long TotalEmailsSent,
    decimal TotalCostUsd,
    IReadOnlyDictionary<string, long> EmailsByProvider,
    IReadOnlyDictionary<string, decimal> CostByProvider,
    IReadOnlyList<TenantCost> TopTenants,
    decimal AverageCostPerEmail);

public sealed record TenantCost(string TenantId, long EmailCount, decimal TotalCostUsd);

/// <summary>Adds up the index of all tenants' days: a read for each thousand of them, and one for each thousand configurations.</summary>
internal sealed class AdminUsageReader(UsageIndex index, ConfigStore configs, TimeProvider time)
{
    private const int TopTenants = 10;

    /// <summary>The UTC days up to and with today, of which the roll-ups may lack the last few minutes.</summary>
    public async Task<AdminUsage> ReadAsync(int days, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var start = UsageTime.DayOf(now).AddDays(1 - days);
        var all = new UsageByProvider();
        var tenants = new Dictionary<TenantId, (long Emails, decimal Cost)>();
        await foreach (var day in index.ReadAsync(start, now, cancellationToken))
        {
            all.Add(day.Total);
            var (sums, before) = (day.Total.Total(), tenants.GetValueOrDefault(day.Tenant));
            tenants[day.Tenant] = (before.Emails + sums.Successes, before.Cost + sums.Cost);
        }

        var total = all.Total();
        return new AdminUsage(
            days,
            start,
            now,
            tenants.Count,
            await configs.CountAsync(cancellationToken),
            total.Successes,
            total.Cost,
            all.Providers.ToDictionary(static pair => pair.Key, static pair => pair.Value.Successes),
            all.Providers.ToDictionary(static pair => pair.Key, static pair => pair.Value.Cost),
            [.. tenants.Select(static pair => new TenantCost(pair.Key.Value, pair.Value.Emails, pair.Value.Cost))
                .OrderByDescending(static tenant => tenant.EmailCount).ThenBy(static tenant => tenant.TenantId, StringComparer.Ordinal).Take(TopTenants)],
            total.AverageCost() ?? 0);
    }
}
