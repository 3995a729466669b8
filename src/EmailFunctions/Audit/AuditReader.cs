using System.Runtime.CompilerServices;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>What to look for.</summary>
/// <param name="Cursor">Where the page before ended: the id of its last row, or null for the newest.</param>
/// <param name="Limit">Rows of a page, 1 to 200.</param>
/// <param name="Status">Only this status, or null.</param>
/// <param name="Recipient">Only this recipient, or null.</param>
public sealed record AuditFilter(string? Cursor, int Limit, string? Status, string? Recipient)
{
    /// <summary>Only rows of this time or later; null: however old.</summary>
    public DateTimeOffset? Start { get; init; }

    /// <summary>Only rows of before this time; null: however new.</summary>
    public DateTimeOffset? End { get; init; }

    /// <summary>Only this provider, or null.</summary>
    public string? Provider { get; init; }

    /// <summary>Only this template, or null.</summary>
    public string? TemplateName { get; init; }

    /// <summary>Whether rows of the period are left out.</summary>
    public bool IsSearch => Status is not null || Recipient is not null || Provider is not null || TemplateName is not null;

    /// <summary>Whether a row of the period is meant.</summary>
    /// <param name="row">The row.</param>
    /// <param name="hash">The recipient's hash; null: whoever it is.</param>
    public bool Matches(AuditRow row, string? hash) =>
        (hash is null || row.RecipientHash == hash)
        && (Status is null || row.Status == Status)
        && (Provider is null || row.Provider == Provider)
        && (TemplateName is null || row.TemplateName == TemplateName);
}

public sealed record AuditPage(IReadOnlyList<AuditRow> Rows, string? NextCursor);

/// <summary>
/// Reads a tenant's audit, newest first. It stays right while rows are written, since it goes on behind a row and not behind a number of
/// them: those that were there at the start are seen once, and newer ones come before them.
/// </summary>
public sealed class AuditReader(IEntityTable table, RecipientHasher hasher)
{
    // What one request may read through in search of a rare recipient; the cursor goes on from there.
    private const int MaxReads = 20;

    public async Task<AuditPage> ReadAsync(TenantId tenant, AuditFilter filter, CancellationToken cancellationToken)
    {
        var hash = await HashAsync(tenant, filter, cancellationToken);
        var query = QueryOf(tenant, filter) with { PageSize = filter.IsSearch ? EntityLimits.MaxPageSize : filter.Limit + 1 };
        var rows = new List<AuditRow>(filter.Limit);
        var last = filter.Cursor;
        var reads = 0;
        await foreach (var page in PagesAsync(query, cancellationToken))
        {
            foreach (var row in page.Entities.Select(entity => AuditRow.Read(tenant, entity)))
            {
                if (rows.Count == filter.Limit)
                    return new AuditPage(rows, last);
                last = row.Id;
                if (filter.Matches(row, hash))
                    rows.Add(row);
            }

            if (++reads == MaxReads && page.Continuation is not null)
                return new AuditPage(rows, last);
        }

        return new AuditPage(rows, null);
    }

    /// <summary>All rows that are meant, a store's page at a time, of which some may be empty; the filter's limit does not count.</summary>
    public async IAsyncEnumerable<IReadOnlyList<AuditRow>> ReadAllAsync(
        TenantId tenant, AuditFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hash = await HashAsync(tenant, filter, cancellationToken);
        await foreach (var page in PagesAsync(QueryOf(tenant, filter), cancellationToken))
            yield return [.. page.Entities.Select(entity => AuditRow.Read(tenant, entity)).Where(row => filter.Matches(row, hash))];
    }

    private async Task<string?> HashAsync(TenantId tenant, AuditFilter filter, CancellationToken cancellationToken) =>
        filter.Recipient is null ? null : await hasher.HashAsync(tenant, filter.Recipient, cancellationToken);

    private static EntityQuery QueryOf(TenantId tenant, AuditFilter filter) => AuditRow.Query(tenant, filter.Start, filter.End, filter.Cursor);

    // A cursor from behind the period leaves nothing.
    private IAsyncEnumerable<EntityPage> PagesAsync(EntityQuery query, CancellationToken cancellationToken) =>
        string.CompareOrdinal(query.FromRow, query.ToRow) < 0 ? table.PagesAsync(query, cancellationToken) : AsyncEnumerable.Empty<EntityPage>();
}
