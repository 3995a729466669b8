using EmailFunctions.Keys;
using EmailFunctions.Storage;

namespace EmailFunctions.Configs;

/// <summary>The wrapped data keys of configurations; one without secrets has none.</summary>
internal sealed class ConfigKeys(IEntityTable table) : IWrappedKeys
{
    public string Kind => "configuration";

    public async Task<int> CountAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(ConfigStore.Partition, ""), cancellationToken))
            count += page.Entities.Count(static row => WrappedKeyRow.Read(row) is not null);
        return count;
    }

    public async Task<WrappedKeyPage> ReadAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        var query = EntityQuery.Prefix(ConfigStore.Partition, "", limit) with { FromRow = after is null ? "" : EntityQuery.Behind(after) };
        var page = await table.FirstPageAsync(query, cancellationToken);
        return new WrappedKeyPage(
            [.. page.Entities.Where(static row => WrappedKeyRow.Read(row) is not null).Select(static row => (row.Key.Row, row))],
            page.Continuation is null ? null : page.Entities[^1].Key.Row);
    }
}
