using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>What to look for.</summary>
/// <param name="Cursor">Where the page before ended: the id of its last row, or null for the newest.</param>
/// <param name="Limit">Rows of a page, 1 to 200.</param>
/// <param name="Status">Only this status, or null.</param>
/// <param name="Recipient">Only this recipient, or null.</param>
public sealed record AuditFilter(string? Cursor, int Limit, string? Status, string? Recipient);

public sealed record AuditPage(IReadOnlyList<AuditRow> Rows, string? NextCursor);

/// <summary>Reads a tenant's audit, newest first. A page stays right while rows are written: they come before the first page.</summary>
public sealed class AuditReader(IEntityTable table, RecipientHasher hasher)
{
    // What one request may read through in search of a rare recipient; the cursor goes on from there.
    private const int MaxReads = 20;

    private const string End = AuditRow.Prefix + "\uFFFD";

    public async Task<AuditPage> ReadAsync(TenantId tenant, AuditFilter filter, CancellationToken cancellationToken)
    {
        var hash = filter.Recipient is null ? null : await hasher.HashAsync(tenant, filter.Recipient, cancellationToken);
        // The smallest row after the one that the cursor names.
        var from = filter.Cursor is null ? AuditRow.Prefix : AuditRow.Prefix + filter.Cursor + "\u0020";
        var isFiltered = hash is not null || filter.Status is not null;
        var query = new EntityQuery(tenant.Partition, from, End, isFiltered ? EntityLimits.MaxPageSize : filter.Limit + 1);
        var rows = new List<AuditRow>(filter.Limit);
        string? last = null;
        for (var reads = 0; reads < MaxReads; reads++)
        {
            var page = await table.QueryAsync(query, cancellationToken);
            foreach (var row in page.Entities.Select(entity => AuditRow.Read(tenant, entity)))
            {
                if (rows.Count == filter.Limit)
                    return new AuditPage(rows, last);
                last = row.Id;
                if ((hash is null || row.RecipientHash == hash) && (filter.Status is null || row.Status == filter.Status))
                    rows.Add(row);
            }

            if (page.Continuation is null)
                return new AuditPage(rows, null);
            query = query with { Continuation = page.Continuation };
        }

        return new AuditPage(rows, last);
    }
}
