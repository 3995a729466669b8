using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.ApiKeys;

/// <summary>The stored keys: those of a tenant lie together, and each is found by its id in one read.</summary>
internal sealed class ApiKeyStore(IEntityTable table)
{
    private const string Partition = "api-keys";

    public async Task<ApiKey?> FindAsync(string id, CancellationToken cancellationToken) =>
        await table.GetAsync(KeyOf(id), cancellationToken) is { } entity ? ApiKey.Read(entity) : null;

    /// <summary>A tenant's keys, or, with null, those for all tenants.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(TenantId? tenant, CancellationToken cancellationToken)
    {
        var keys = new List<ApiKey>();
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, ApiKeyToken.TagOf(tenant)), cancellationToken))
            keys.AddRange(page.Entities.Select(ApiKey.Read).Where(key => key.Tenant == tenant));
        return keys;
    }

    /// <summary>Writes a new key; false where its id is taken.</summary>
    public async Task<bool> InsertAsync(ApiKey key, CancellationToken cancellationToken) =>
        (await table.WriteAsync([EntityWrite.Insert(key.ToEntity(KeyOf(key.Id)))], cancellationToken)).IsDone;

    /// <summary>Writes down that a key was used, unless it was changed or removed meanwhile.</summary>
    public Task TouchAsync(ApiKey key, DateTimeOffset usedAt, CancellationToken cancellationToken) =>
        table.WriteAsync([EntityWrite.Replace((key with { LastUsedAt = usedAt }).ToEntity(KeyOf(key.Id)), key.ETag)], cancellationToken);

    /// <summary>Removes a key; false where it is not there.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) =>
        (await table.WriteAsync([EntityWrite.Delete(KeyOf(id), etag: null)], cancellationToken)).IsDone;

    private static EntityKey KeyOf(string id) => new(Partition, id);
}
