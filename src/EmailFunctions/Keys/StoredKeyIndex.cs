using System.Collections.Concurrent;
using EmailFunctions.Storage;

namespace EmailFunctions.Keys;

/// <summary>Where all stored keys are, of whatever kind: a row for each, in one partition, so that they are found without knowing who keeps them.</summary>
internal sealed class StoredKeyIndex(IEntityTable table) : IWrappedKeys
{
    private const string Partition = "stored-keys";

    // No name of a partition that has keys holds it.
    private const char Separator = '~';

    private const int AtOnce = 8;

    private readonly ConcurrentDictionary<EntityKey, bool> _entered = new();

    public string Kind => "stored_key";

    /// <summary>Enters the place of a key that is there; costs a write once per process and place.</summary>
    public async ValueTask EnsureAsync(EntityKey place)
    {
        if (!_entered.ContainsKey(place))
            await EnterAsync(place);
    }

    /// <summary>Enters a place.</summary>
    public async Task EnterAsync(EntityKey place)
    {
        await table.WriteAsync([EntityWrite.Put(new Entity(KeyOf(place)))], CancellationToken.None);
        _entered[place] = true;
    }

    /// <summary>Removes the place of a key that was dropped; it stays where another process has made a new one meanwhile.</summary>
    public async Task LeaveAsync(EntityKey place, CancellationToken cancellationToken)
    {
        _entered.TryRemove(place, out _);
        // Missing is as good.
        await table.WriteAsync([EntityWrite.Delete(KeyOf(place), etag: null)], cancellationToken);
        if (await table.GetAsync(place, cancellationToken) is not null)
            await EnterAsync(place);
    }

    /// <summary>Removes the places of a partition whose keys are gone.</summary>
    public async Task LeaveAllAsync(string partition, CancellationToken cancellationToken)
    {
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, partition + Separator), cancellationToken))
        {
            foreach (var row in page.Entities)
                await LeaveAsync(PlaceOf(row.Key.Row), cancellationToken);
        }
    }

    public async Task<int> CountAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, ""), cancellationToken))
            count += page.Entities.Count;
        return count;
    }

    public async Task<WrappedKeyPage> ReadAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        var query = EntityQuery.Prefix(Partition, "", limit) with { FromRow = after is null ? "" : EntityQuery.Behind(after) };
        var page = await table.FirstPageAsync(query, cancellationToken);
        var found = new Entity?[page.Entities.Count];
        await Parallel.ForAsync(0, found.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (index, token) =>
            found[index] = await table.GetAsync(PlaceOf(page.Entities[index].Key.Row), token));
        // One that is missing was dropped, or is being made right now, under the newest version.
        return new WrappedKeyPage(
            [.. found.OfType<Entity>().Select(static row => (NameOf(row.Key), row))],
            page.Continuation is null ? null : page.Entities[^1].Key.Row);
    }

    private static EntityKey KeyOf(EntityKey place) => new(Partition, NameOf(place));

    private static string NameOf(EntityKey place) => place.Partition + Separator + place.Row;

    private static EntityKey PlaceOf(string name)
    {
        var split = name.IndexOf(Separator, StringComparison.Ordinal);
        return new EntityKey(name[..split], name[(split + 1)..]);
    }
}
