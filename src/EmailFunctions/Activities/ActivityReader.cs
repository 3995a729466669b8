using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Activities;

/// <summary>What to look for.</summary>
/// <param name="Tenant">Only what concerns this tenant; null: all.</param>
/// <param name="Actor">Only what this credential did; null: all.</param>
/// <param name="Action">Only this action; null: all.</param>
/// <param name="Start">Only of this time or later; null: however old.</param>
/// <param name="End">Only of before this time; null: however new.</param>
/// <param name="Cursor">Where the page before ended: the id of its last row; null: the newest.</param>
/// <param name="Limit">Rows of a page, 1 to 200.</param>
internal sealed record ActivityFilter(TenantId? Tenant, string? Actor, string? Action, DateTimeOffset? Start, DateTimeOffset? End, string? Cursor, int Limit)
{
    /// <summary>Whether rows of the period are left out.</summary>
    public bool IsSearch => Actor is not null || Action is not null;

    public bool Matches(ActivityRow row) => (Actor is null || row.Actor == Actor) && (Action is null || row.Action == Action);
}

/// <summary>Reads who did what, newest first; goes on behind a row, and so stays right while rows are written.</summary>
internal sealed class ActivityReader(IEntityTable table)
{
    // What one request may read through in search of few; the cursor goes on from there.
    private const int MaxReads = 20;

    /// <summary>From when on rows are about the tenant that has this name now; null: nobody had it before.</summary>
    public async Task<DateTimeOffset?> FindErasureAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await table.GetAsync(ActivityRow.ErasureKeyOf(tenant), cancellationToken) is { } row ? ActivityRow.ReadErasure(row).AddTicks(1) : null;

    /// <summary>A page of what is asked for, and the cursor of the next one; null: there is none.</summary>
    public async Task<(IReadOnlyList<ActivityRow> Rows, string? Next)> ReadAsync(ActivityFilter filter, CancellationToken cancellationToken)
    {
        var rows = new List<ActivityRow>(filter.Limit);
        var (last, reads) = (filter.Cursor, 0);
        var query = ActivityRow.Query(filter.Tenant, filter.Start, filter.End, filter.Cursor) with { PageSize = filter.IsSearch ? EntityLimits.MaxPageSize : filter.Limit + 1 };
        // A cursor from behind the period leaves nothing.
        if (string.CompareOrdinal(query.FromRow, query.ToRow) >= 0)
            return (rows, null);
        await foreach (var page in table.PagesAsync(query, cancellationToken))
        {
            foreach (var row in page.Entities.Select(ActivityRow.Read))
            {
                if (rows.Count == filter.Limit)
                    return (rows, last);
                last = row.Id;
                if (filter.Matches(row))
                    rows.Add(row);
            }

            if (++reads == MaxReads && page.Continuation is not null)
                return (rows, last);
        }

        return (rows, null);
    }
}
