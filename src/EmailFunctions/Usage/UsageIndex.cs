using System.Globalization;
using System.Runtime.CompilerServices;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>A tenant's day, as the index has it.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Total">The day's sums.</param>
/// <param name="Hours">Those of each hour, by its beginning; empty once the day is final.</param>
internal sealed record IndexedDay(TenantId Tenant, UsageByProvider Total, Func<IEnumerable<(DateTimeOffset Start, UsageByProvider Usage)>> Hours);

/// <summary>
/// All tenants' days side by side, by day: a copy of what their own partitions hold, so that what concerns all tenants is one range
/// of one partition. A tenant without mail on a day has no row there.
/// </summary>
internal sealed class UsageIndex(IEntityTable table)
{
    private const string Partition = "usage-days";
    private const int RecentDays = 14;
    private const string TotalName = "total";

    // Sorts behind all days.
    private static readonly EntityKey Cycle = new(Partition, "rolled-up");

    /// <summary>Copies a day, unless the copy that is there is newer.</summary>
    /// <param name="day">The day.</param>
    /// <param name="isFinal">It will not change any more, and nobody asks for its hours.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task WriteAsync(UsageDay day, bool isFinal, CancellationToken cancellationToken)
    {
        var key = KeyOf(day);
        var total = new UsageByProvider();
        foreach (var (_, usage) in day.Hours())
            total.Add(usage);
        var entity = day.Fill(new Entity(key) { [TotalName] = total.ToString() }, withHours: !isFinal);
        while (true)
        {
            var stored = await table.GetAsync(key, cancellationToken);
            if (stored is not null && UsageDay.Read(day.Tenant, day.Day, stored).Revision >= day.Revision)
                return;
            var write = stored is null ? EntityWrite.Insert(entity) : EntityWrite.Replace(entity, stored.ETag);
            if ((await table.WriteAsync([write], cancellationToken)).IsDone)
                return;
        }
    }

    /// <summary>Which version of a day the index has; 0: none.</summary>
    public async Task<long> RevisionAsync(TenantId tenant, DateTimeOffset day, CancellationToken cancellationToken) =>
        await table.GetAsync(KeyOf(new UsageDay(tenant, day)), cancellationToken) is { } stored ? UsageDay.Read(tenant, day, stored).Revision : 0;

    /// <summary>All tenants' days from one to another, both inclusive; reads once for each thousand.</summary>
    public async IAsyncEnumerable<IndexedDay> ReadAsync(DateTimeOffset first, DateTimeOffset last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new EntityQuery(Partition, UsageDay.Text(first), UsageDay.Text(last + UsageTime.Day));
        await foreach (var page in table.PagesAsync(query, cancellationToken))
        {
            foreach (var entity in page.Entities)
            {
                if (Read(entity) is { } day)
                    yield return day;
            }
        }
    }

    /// <summary>Removes a day; one that is not there is as good.</summary>
    public Task RemoveAsync(UsageDay day, CancellationToken cancellationToken) => table.WriteAsync([EntityWrite.Delete(KeyOf(day), etag: null)], cancellationToken);

    /// <summary>Removes a tenant's last days, which a run of the roll-up that was under way may have copied after the day itself was removed.</summary>
    public async Task RemoveRecentAsync(TenantId tenant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        await table.WriteUnrefusedAsync(Enumerable.Range(-1, RecentDays).Select(back => EntityWrite.Delete(KeyOf(new UsageDay(tenant, today.AddDays(-back))), etag: null)), cancellationToken);
    }

    /// <summary>Until when everything is in the index that was recorded in time; null: no run has come to its end yet.</summary>
    public async Task<DateTimeOffset?> RolledUpAtAsync(CancellationToken cancellationToken) =>
        (await table.GetAsync(Cycle, cancellationToken))?.GetTime("done");

    /// <summary>Notes that all tenants were gone through, since a time.</summary>
    /// <param name="began">When the first was; null: when an earlier run began, see <see cref="NoteBeginAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task NoteEndAsync(DateTimeOffset? began, CancellationToken cancellationToken)
    {
        var done = began;
        // Where another run has come to its end meanwhile, its time stays.
        if (done is null && await table.GetAsync(Cycle, cancellationToken) is { } stored)
            done = stored.GetTime("began") ?? stored.GetTime("done");
        await table.WriteAsync([EntityWrite.Put(new Entity(Cycle) { ["done"] = done })], cancellationToken);
    }

    /// <summary>Notes when the first tenant was looked at, where a run stops before the last.</summary>
    public async Task NoteBeginAsync(DateTimeOffset began, CancellationToken cancellationToken) =>
        await table.WriteAsync([EntityWrite.Put(new Entity(Cycle) { ["began"] = began, ["done"] = await RolledUpAtAsync(cancellationToken) })], cancellationToken);

    private static EntityKey KeyOf(UsageDay day) => new(Partition, $"{UsageDay.Text(day.Day)}-{day.Tenant.Value}");

    private static IndexedDay? Read(Entity entity)
    {
        var row = entity.Key.Row;
        if (!TenantId.TryParse(row[(UsageDay.DayFormat.Length + 1)..], out var tenant))
            return null;
        var day = new DateTimeOffset(DateTime.ParseExact(row.AsSpan(0, UsageDay.DayFormat.Length), UsageDay.DayFormat, CultureInfo.InvariantCulture), TimeSpan.Zero);
        return new IndexedDay(tenant, UsageByProvider.Parse(entity.GetString(TotalName)!), UsageDay.Read(tenant, day, entity).Hours);
    }
}
