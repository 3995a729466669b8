using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

public sealed record UsageReport(
    string TenantId,
    DateTimeOffset PeriodStart,
    DateTimeOffset PeriodEnd,
    long TotalEmails,
    long SuccessfulEmails,
    long FailedEmails,
    decimal SuccessRate,
    IReadOnlyDictionary<string, long> EmailsByProvider,
    decimal TotalCostUsd,
    IReadOnlyDictionary<string, decimal> CostByProvider,
    long RateLimitHits,
    long TotalRecipients,
    decimal AverageDurationMs,
    IReadOnlyList<UsagePoint> Series);

public sealed record UsagePoint(
    DateTimeOffset PeriodStart, long TotalEmails, long SuccessfulEmails, long FailedEmails, long TotalRecipients, decimal TotalCostUsd);

public enum UsageGrouping
{
    Day,
    Week,
    Month,
}

/// <summary>A half-open period in UTC, and how to divide it.</summary>
public sealed record UsagePeriod(DateTimeOffset Start, DateTimeOffset End, UsageGrouping Grouping);

/// <summary>Adds up what was recorded.</summary>
public sealed class UsageReader(IEntityTable table)
{
    public async Task<UsageReport> ReadAsync(TenantId tenant, UsagePeriod period, CancellationToken cancellationToken)
    {
        var total = new Sums();
        var byProvider = new SortedDictionary<string, Sums>(StringComparer.Ordinal);
        var series = new SortedDictionary<DateTimeOffset, Sums>();
        var query = UsageRow.Between(tenant, period.Start, period.End);
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var row in page.Entities.Select(entity => UsageRow.Read(tenant, entity)))
            {
                total.Add(row);
                Of(byProvider, row.Provider).Add(row);
                Of(series, StartOf(row.At, period)).Add(row);
            }

            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
        return ToReport(tenant, period, total, byProvider, series);
    }

    private static UsageReport ToReport(
        TenantId tenant,
        UsagePeriod period,
        Sums total,
        SortedDictionary<string, Sums> byProvider,
        SortedDictionary<DateTimeOffset, Sums> series) => new(
            tenant.Value,
            period.Start,
            period.End,
            total.Emails,
            total.Successes,
            total.Emails - total.Successes,
            total.Emails == 0 ? 0 : decimal.Round(100m * total.Successes / total.Emails, 2),
            byProvider.ToDictionary(static pair => pair.Key, static pair => pair.Value.Emails),
            total.Cost,
            byProvider.ToDictionary(static pair => pair.Key, static pair => pair.Value.Cost),
            RateLimitHits: total.Limited,
            total.Recipients,
            total.Emails == 0 ? 0 : decimal.Round((decimal)total.Milliseconds / total.Emails, 1),
            [.. series.Select(static pair => new UsagePoint(
                pair.Key, pair.Value.Emails, pair.Value.Successes, pair.Value.Emails - pair.Value.Successes, pair.Value.Recipients, pair.Value.Cost))]);

    // A week begins on Monday (ISO 8601). The first group begins with the period, even in the middle of a week or month.
    private static DateTimeOffset StartOf(DateTimeOffset at, UsagePeriod period)
    {
        var day = new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero);
        var start = period.Grouping switch
        {
            UsageGrouping.Week => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            UsageGrouping.Month => day.AddDays(1 - day.Day),
            _ => day,
        };
        return start < period.Start ? period.Start : start;
    }

    private static Sums Of<TKey>(SortedDictionary<TKey, Sums> groups, TKey key) where TKey : notnull
    {
        if (!groups.TryGetValue(key, out var sums))
            groups.Add(key, sums = new Sums());
        return sums;
    }

    private sealed class Sums
    {
        public long Emails { get; private set; }

        public long Successes { get; private set; }

        public long Recipients { get; private set; }

        public decimal Cost { get; private set; }

        public long Milliseconds { get; private set; }

        public long Limited { get; private set; }

        public void Add(UsageRow row)
        {
            Recipients += row.Recipients;
            Cost += row.CostUsd;
            if (row.IsPart)
                return;
            Emails++;
            Successes += row.Success ? 1 : 0;
            Limited += row.WasLimited ? 1 : 0;
            Milliseconds += (long)row.Duration.TotalMilliseconds;
        }
    }
}
