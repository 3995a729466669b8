using System.ComponentModel;
using System.Runtime.CompilerServices;
using EmailFunctions.Configs;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>The last 24 hours of all tenants, by tenant, provider and hour.</summary>
public sealed record UsageOverview(
    DateTimeOffset PeriodStart,
    DateTimeOffset PeriodEnd,
    [property: Description("What was recorded before is counted; null: nothing has been rolled up yet.")] DateTimeOffset? RolledUpAt,
    [property: Description("Tenants that had mail.")] int TenantsActive,
    [property: Description("0 to 100, of these without system: those that have an active configuration of their own now; null: there are none.")] decimal? ConfiguredShare,
    UsageFigures Total,
    IReadOnlyList<ProviderFigures> Providers,
    [property: Description("Those with the most messages first, at most 50; all others together are _other. Where part of a name is asked for, only those with it in theirs.")]
    IReadOnlyList<TenantFigures> Tenants,
    [property: Description("24 hours, the last of which is not over yet.")] IReadOnlyList<HourFigures> Series);

public sealed record UsageFigures(
    long Sent,
    long Failed,
    [property: Description("Of both: messages that a limit of their tenant had put off.")] long Delayed,
    long Recipients,
    decimal CostUsd,
    [property: Description("0 to 100; null: no message.")] decimal? SuccessRate,
    [property: Description("In USD, of a message that was sent; null: none was.")] decimal? AverageCostPerEmail,
    [property: Description("Of the last calls of a provider, to within a quarter; null: no message.")] long? P50Ms,
    long? P95Ms,
    long? P99Ms)
{
    internal static UsageFigures Of(UsageSums sums) => new(
        sums.Successes,
        sums.Failures,
        sums.Limited,
        sums.Recipients,
        sums.Cost,
        sums.SuccessRate(),
        sums.AverageCost(),
        sums.Latencies.Percentile(0.5),
        sums.Latencies.Percentile(0.95),
        sums.Latencies.Percentile(0.99));
}

public sealed record ProviderFigures(string Provider, UsageFigures Figures);

public sealed record TenantFigures(string TenantId, UsageFigures Figures, IReadOnlyList<ProviderFigures> Providers);

public sealed record HourFigures(DateTimeOffset HourStart, UsageFigures Figures);

/// <summary>Adds up today's and yesterday's hours of the index: a read for each thousand tenant days, one for each thousand configurations, and one more.</summary>
internal sealed class UsageOverviewReader(UsageIndex index, ConfigStore configs, TimeProvider time)
{
    public const int MaxTenants = 50;

    /// <summary>Stands for all tenants beyond; no tenant's mail is lost in the sums.</summary>
    public const string Others = "_other";

    /// <summary>Reads it.</summary>
    /// <param name="part">What the names of the tenants that are listed have in them, whatever the case; null: all. The other figures are of all tenants.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<UsageOverview> ReadAsync(string? part, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var start = StartOf(now);
        var rolledUpAt = await index.RolledUpAtAsync(cancellationToken);
        var all = new UsageByProvider();
        var hours = Enumerable.Range(0, UsageTime.HoursOfDay).Select(static _ => new UsageSums()).ToList();
        var tenants = new Dictionary<TenantId, UsageByProvider>();
        await foreach (var (tenant, hour, usage) in ReadHoursAsync(now, cancellationToken))
        {
            all.Add(usage);
            hours[(int)((hour - start) / UsageTime.Hour)].Add(usage.Total());
            if (!tenants.TryGetValue(tenant, out var sums))
                tenants.Add(tenant, sums = new UsageByProvider());
            sums.Add(usage);
        }

        return new UsageOverview(
            start,
            now,
            rolledUpAt,
            tenants.Count,
            await ConfiguredShareAsync([.. tenants.Keys.Where(static tenant => !tenant.IsSystem)], cancellationToken),
            UsageFigures.Of(all.Total()),
            ToFigures(all),
            ToFigures(tenants.Where(tenant => part is null || tenant.Key.Value.Contains(part, StringComparison.OrdinalIgnoreCase))),
            [.. hours.Select((sums, hour) => new HourFigures(start + (hour * UsageTime.Hour), UsageFigures.Of(sums)))]);
    }

    /// <summary>How many tenants had mail within the last 24 hours; the same reads, without the configurations.</summary>
    public async Task<int> CountActiveAsync(CancellationToken cancellationToken)
    {
        var tenants = new HashSet<TenantId>();
        await foreach (var (tenant, _, _) in ReadHoursAsync(time.GetUtcNow(), cancellationToken))
            tenants.Add(tenant);
        return tenants.Count;
    }

    private async Task<decimal?> ConfiguredShareAsync(HashSet<TenantId> active, CancellationToken cancellationToken)
    {
        if (active.Count == 0)
            return null;
        var configured = await configs.ListAsync(after: null, EntityLimits.MaxPageSize, cancellationToken).CountAsync(config => config.IsActive && active.Contains(config.Tenant), cancellationToken);
        return Math.Round(100m * configured / active.Count, 2);
    }

    private static DateTimeOffset StartOf(DateTimeOffset now) => UsageTime.HourOf(now) - UsageTime.Day + UsageTime.Hour;

    private async IAsyncEnumerable<(TenantId Tenant, DateTimeOffset Hour, UsageByProvider Usage)> ReadHoursAsync(
        DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (start, last) = (StartOf(now), UsageTime.HourOf(now));
        await foreach (var day in index.ReadAsync(start, now, cancellationToken))
        {
            foreach (var (hour, usage) in day.Hours().Where(hour => hour.Start >= start && hour.Start <= last))
                yield return (day.Tenant, hour, usage);
        }
    }

    private static List<TenantFigures> ToFigures(IEnumerable<KeyValuePair<TenantId, UsageByProvider>> tenants)
    {
        var ordered = tenants.Select(static pair => (Name: pair.Key.Value, Usage: pair.Value, Total: pair.Value.Total()))
            .OrderByDescending(static tenant => tenant.Total.Emails).ThenBy(static tenant => tenant.Name, StringComparer.Ordinal).ToList();
        var figures = ordered.Take(MaxTenants).Select(static tenant => new TenantFigures(tenant.Name, UsageFigures.Of(tenant.Total), ToFigures(tenant.Usage))).ToList();
        if (ordered.Count > MaxTenants)
        {
            var others = new UsageByProvider();
            foreach (var tenant in ordered.Skip(MaxTenants))
                others.Add(tenant.Usage);
            figures.Add(new TenantFigures(Others, UsageFigures.Of(others.Total()), ToFigures(others)));
        }

        return figures;
    }

    private static List<ProviderFigures> ToFigures(UsageByProvider usage) =>
        [.. usage.Providers.Select(static pair => new ProviderFigures(pair.Key, UsageFigures.Of(pair.Value)))];
}
