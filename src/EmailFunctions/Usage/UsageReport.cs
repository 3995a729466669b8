using System.ComponentModel;

namespace EmailFunctions.Usage;

public sealed record UsageReport(
    string TenantId,
    DateTimeOffset PeriodStart,
    DateTimeOffset PeriodEnd,
    long TotalEmails,
    long SuccessfulEmails,
    long FailedEmails,
    [property: Description("0 to 100.")] decimal SuccessRate,
    IReadOnlyDictionary<string, long> EmailsByProvider,
    decimal TotalCostUsd,
    IReadOnlyDictionary<string, decimal> CostByProvider,
    long RateLimitHits,
    long TotalRecipients,
    decimal AverageDurationMs,
    IReadOnlyList<UsagePoint> Series)
{
    internal static UsageReport Of(UsageTally tally)
    {
        var all = new UsageByProvider();
        foreach (var usage in tally.Groups.Values)
            all.Add(usage);
        var total = all.Total();
        return new UsageReport(
            tally.Tenant.Value,
            tally.Period.Start,
            tally.Period.End,
            total.Emails,
            total.Successes,
            total.Failures,
            total.SuccessRate() ?? 0,
            all.Providers.ToDictionary(static pair => pair.Key, static pair => pair.Value.Emails),
            total.Cost,
            all.Providers.ToDictionary(static pair => pair.Key, static pair => pair.Value.Cost),
            RateLimitHits: total.Limited,
            total.Recipients,
            total.AverageMilliseconds() ?? 0,
            [.. tally.Groups.Select(static group => UsagePoint.Of(group.Key, group.Value.Total()))]);
    }
}

public sealed record UsagePoint(
    DateTimeOffset PeriodStart, long TotalEmails, long SuccessfulEmails, long FailedEmails, long TotalRecipients, decimal TotalCostUsd)
{
    internal static UsagePoint Of(DateTimeOffset start, UsageSums sums) =>
        new(start, sums.Emails, sums.Successes, sums.Failures, sums.Recipients, sums.Cost);
}
