using System.Runtime.CompilerServices;

namespace EmailFunctions.Storage;

/// <summary>What several features do with a table.</summary>
internal static class EntityTables
{
    /// <summary>All pages of a query; a read for each.</summary>
    public static async IAsyncEnumerable<EntityPage> PagesAsync(this IEntityTable table, EntityQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        do
        {
            var page = await table.QueryAsync(query, cancellationToken);
            query = query with { Continuation = page.Continuation };
            yield return page;
        }
        while (query.Continuation is not null);
    }

    /// <summary>The first page of a query that has anything in it; else its last one.</summary>
    public static async Task<EntityPage> FirstPageAsync(this IEntityTable table, EntityQuery query, CancellationToken cancellationToken)
    {
        EntityPage page;
        do
        {
            page = await table.QueryAsync(query, cancellationToken);
            query = query with { Continuation = page.Continuation };
        }
        while (page is { Entities.Count: 0, Continuation: not null });
        return page;
    }

    /// <summary>
    /// Writes those of a batch that the table does not refuse, together. What is refused was changed by somebody else since it was read.
    /// </summary>
    /// <returns>How many were written.</returns>
    public static async Task<int> WriteUnrefusedAsync(this IEntityTable table, IEnumerable<EntityWrite> writes, CancellationToken cancellationToken)
    {
        var left = writes.ToList();
        while (left.Count > 0)
        {
            var result = await table.WriteAsync(left, cancellationToken);
            if (result.IsDone)
                break;
            left.RemoveAt(result.RefusedIndex);
        }

        return left.Count;
    }
}
