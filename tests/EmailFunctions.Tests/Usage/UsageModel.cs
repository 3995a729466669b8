using System.Globalization;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Usage;

/// <summary>What rows add up to, computed in the plainest way and without the service's own sums.</summary>
internal static class UsageModel
{
    /// <summary>A line for each group and provider, in order.</summary>
    public static IReadOnlyList<string> Lines(IEnumerable<UsageRow> rows, Func<UsageRow, DateTimeOffset> groupOf) =>
        [.. from row in rows
            group row by (Group: groupOf(row), row.Provider) into one
            let whole = one.Where(static row => !row.IsPart).ToList()
            orderby one.Key.Group, one.Key.Provider
            select Line(
                one.Key.Group, one.Key.Provider, whole.Count, whole.Count(static row => row.Success), one.Sum(static row => row.Recipients), one.Sum(static row => row.CostUsd),
                whole.Sum(static row => (long)row.Duration.TotalMilliseconds), whole.Count(static row => row.WasLimited))];

    /// <summary>The same of what the service read.</summary>
    public static IReadOnlyList<string> Lines(UsageTally tally) =>
        [.. from @group in tally.Groups
            from provider in @group.Value.Providers
            let sums = provider.Value
            select Line(@group.Key, provider.Key, sums.Emails, sums.Successes, sums.Recipients, sums.Cost, sums.Milliseconds, sums.Limited)];

    /// <summary>Which group of a period a row is in.</summary>
    public static DateTimeOffset GroupOf(UsagePeriod period, DateTimeOffset at)
    {
        var date = at.UtcDateTime;
        var start = period.Grouping switch
        {
            UsageGrouping.Day => date.Date,
            UsageGrouping.Week => ISOWeek.ToDateTime(ISOWeek.GetYear(date), ISOWeek.GetWeekOfYear(date), DayOfWeek.Monday),
            _ => new DateTime(date.Year, date.Month, 1),
        };
        var group = new DateTimeOffset(start, TimeSpan.Zero);
        return group < period.Start ? period.Start : group;
    }

    private static string Line(DateTimeOffset group, string provider, long emails, long successes, long recipients, decimal cost, long milliseconds, long limited) =>
        string.Create(CultureInfo.InvariantCulture, $"{group:yyyy-MM-dd HH:mm:ss.fff} {provider} {emails} {successes} {recipients} {cost:0.######} {milliseconds} {limited}");
}
