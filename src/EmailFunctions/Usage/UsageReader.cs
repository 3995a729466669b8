using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

public enum UsageGrouping
{
    Day,
    Week,
    Month,
}

/// <summary>A half-open period in UTC, and how to divide it.</summary>
public sealed record UsagePeriod(DateTimeOffset Start, DateTimeOffset End, UsageGrouping Grouping)
{
    /// <summary>
    /// The beginning of the group that a time belongs to. A week begins on Monday (ISO 8601). The first group begins with the period, even in
    /// the middle of a week or month.
    /// </summary>
    public DateTimeOffset GroupOf(DateTimeOffset at)
    {
        var day = UsageTime.DayOf(at);
        var start = Grouping switch
        {
            UsageGrouping.Week => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            UsageGrouping.Month => day.AddDays(1 - day.Day),
            _ => day,
        };
        return start < Start ? Start : start;
    }
}

/// <summary>A tenant's usage in a period, by group and provider; a group without any is not there.</summary>
public sealed record UsageTally(TenantId Tenant, UsagePeriod Period, IReadOnlyDictionary<DateTimeOffset, UsageByProvider> Groups);

/// <summary>
/// Adds up a tenant's usage. Each hour is taken from one source only:
/// 1. Hours that are in the period as a whole and over: from the roll-ups.
/// 2. What the period's ends cut off from an hour, and what is not rolled up yet: from the rows.
/// 3. Where the rows are removed there is no part of an hour: an hour counts as a whole for the period in which it begins.
/// 4. Where very much is not rolled up yet, up to now: from the roll-ups as they are, which lack the last few minutes.
/// </summary>
public sealed class UsageReader(IEntityTable table, TimeProvider time)
{
    /// <summary>Pages of a thousand rows that are read beyond the roll-ups, before what these have of it must do.</summary>
    public const int MaxLivePages = 10;

    // Whoever asks for what there is up to now has asked a moment ago.
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(1);

    // Else the roll-ups are far behind, and lack more than minutes.
    private static readonly TimeSpan InTime = TimeSpan.FromHours(2);

    public async Task<UsageTally> ReadAsync(TenantId tenant, UsagePeriod period, CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = time.GetUtcNow();
            var head = await RollupHead.ReadAsync(table, tenant, cancellationToken);
            var reading = new Reading(table, head, period, cancellationToken);
            await reading.ReadAsync(mayEstimate: period.End >= now - Recent && now - head.RolledBefore < InTime);
            // Rows that were removed meanwhile may be missing; young ones never are.
            if (reading.FirstRow is not { } first || first >= now - TimeSpan.FromDays(UsageSettings.MinDays) || (await RollupHead.ReadAsync(table, tenant, cancellationToken)).RemovedBefore <= first)
                return new UsageTally(tenant, period, reading.Groups);
        }
    }

    private sealed class Reading(IEntityTable table, RollupHead head, UsagePeriod period, CancellationToken cancellationToken)
    {
        private readonly SortedDictionary<DateTimeOffset, UsageByProvider> _groups = [];

        public IReadOnlyDictionary<DateTimeOffset, UsageByProvider> Groups => _groups;

        /// <summary>From when on rows were read; null: none were.</summary>
        public DateTimeOffset? FirstRow { get; private set; }

        public async Task ReadAsync(bool mayEstimate)
        {
            var (start, end) = (period.Start, period.End);
            var first = UsageTime.NextHour(start);
            var last = UsageTime.HourOf(end);
            if (last < head.RemovedBefore)
                last = UsageTime.NextHour(end);
            last = UsageTime.Earlier(last, head.RolledBefore);
            if (first >= last)
            {
                await TryAddRowsAsync(UsageTime.Later(start, head.RemovedBefore), end, int.MaxValue);
                return;
            }

            if (start >= head.RemovedBefore)
                await TryAddRowsAsync(start, first, int.MaxValue);
            if (mayEstimate && !await TryAddRowsAsync(last, end, MaxLivePages))
                last = end;
            else if (!mayEstimate)
                await TryAddRowsAsync(last, end, int.MaxValue);
            await AddHoursAsync(first, last);
        }

        private async Task AddHoursAsync(DateTimeOffset first, DateTimeOffset last)
        {
            var query = UsageDay.Between(head.Tenant, UsageTime.DayOf(first), UsageTime.DayOf(last));
            await foreach (var page in table.PagesAsync(query, cancellationToken))
            {
                foreach (var (hour, usage) in page.Entities.SelectMany(entity => UsageDay.Read(head.Tenant, entity).Hours()))
                {
                    if (hour >= first && hour < last)
                        Of(hour).Add(usage);
                }
            }
        }

        // False, and nothing added: there are more pages.
        private async Task<bool> TryAddRowsAsync(DateTimeOffset from, DateTimeOffset to, int maxPages)
        {
            if (from >= to)
                return true;
            FirstRow = FirstRow is { } before ? UsageTime.Earlier(before, from) : from;
            var groups = new Dictionary<DateTimeOffset, UsageByProvider>();
            var query = UsageRow.Between(head.Tenant, from, to);
            for (var pages = 0; pages == 0 || query.Continuation is not null; pages++)
            {
                if (pages == maxPages)
                    return false;
                var page = await table.QueryAsync(query, cancellationToken);
                foreach (var row in page.Entities.Select(entity => UsageRow.Read(head.Tenant, entity)))
                    Of(groups, period.GroupOf(row.At)).Add(row);
                query = query with { Continuation = page.Continuation };
            }

            foreach (var (group, usage) in groups)
                Of(_groups, group).Add(usage);
            return true;
        }

        private UsageByProvider Of(DateTimeOffset time) => Of(_groups, period.GroupOf(time));

        private static UsageByProvider Of(IDictionary<DateTimeOffset, UsageByProvider> groups, DateTimeOffset group)
        {
            if (!groups.TryGetValue(group, out var usage))
                groups.Add(group, usage = new UsageByProvider());
            return usage;
        }
    }
}
