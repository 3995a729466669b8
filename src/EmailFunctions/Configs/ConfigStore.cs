using System.Runtime.CompilerServices;
using System.Text.Json;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>Configurations in the entity table: one partition, one row per tenant.</summary>
public sealed class ConfigStore(IEntityTable table)
{
    internal const string Partition = "configs";
    private const string SecretPrefix = "secret_";

    public async Task<TenantConfig?> GetAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await table.GetAsync(new EntityKey(Partition, tenant.Value), cancellationToken) is { } entity ? Read(tenant, entity) : null;

    /// <summary>All tenants' configurations by the tenants' names; a read for each page.</summary>
    /// <param name="after">The tenant behind whose place to begin; null: the first.</param>
    /// <param name="pageSize">Configurations of a read, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async IAsyncEnumerable<TenantConfig> ListAsync(TenantId? after, int pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = EntityQuery.Prefix(Partition, "", pageSize);
        if (after is not null)
            query = query with { FromRow = EntityQuery.Behind(after.Value) };
        await foreach (var page in table.PagesAsync(query, cancellationToken))
        {
            foreach (var entity in page.Entities)
            {
                if (TenantId.TryParse(entity.Key.Row, out var tenant))
                    yield return Read(tenant, entity);
            }
        }
    }

    /// <summary>How many tenants have one; reads once for each thousand.</summary>
    public async Task<int> CountAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, ""), cancellationToken))
            count += page.Entities.Count;
        return count;
    }

    /// <summary>Writes a configuration where the version it names, or none if it names none, is stored.</summary>
    /// <returns>The new ETag; null when another version is stored.</returns>
    public async Task<string?> WriteAsync(TenantConfig config, CancellationToken cancellationToken)
    {
        var entity = ToEntity(config);
        var write = config.ETag is null ? EntityWrite.Insert(entity) : EntityWrite.Replace(entity, config.ETag);
        var result = await table.WriteAsync([write], cancellationToken);
        return result.IsDone ? result.ETags[0] : null;
    }

    /// <summary>Deletes the version that is named; false when another one, or none, is stored.</summary>
    public async Task<bool> DeleteAsync(TenantConfig config, CancellationToken cancellationToken)
    {
        var delete = EntityWrite.Delete(new EntityKey(Partition, config.Tenant.Value), config.ETag);
        return (await table.WriteAsync([delete], cancellationToken)).IsDone;
    }

    private static Entity ToEntity(TenantConfig config)
    {
        var entity = new Entity(Partition, config.Tenant.Value)
        {
            ["id"] = config.Id,
            ["fields"] = JsonSerializer.Serialize(config.Fields.WithoutSecrets(), ConfigJson.Default.ConfigFields),
            ["created_at"] = config.CreatedAt,
            ["updated_at"] = config.UpdatedAt,
            ["revision"] = config.Revision,
        };
        if (config.Secrets is { } secrets)
        {
            WrappedKeyRow.Put(entity, secrets.Key);
            foreach (var (name, ciphertext) in secrets.Ciphertexts)
                entity[SecretPrefix + name] = ciphertext;
        }

        return entity;
    }

    private static TenantConfig Read(TenantId tenant, Entity entity) => new()
    {
        Tenant = tenant,
        Id = entity.GetString("id")!,
        Fields = JsonSerializer.Deserialize(entity.GetString("fields")!, ConfigJson.Default.ConfigFields)!,
        Secrets = ReadSecrets(entity),
        CreatedAt = entity.GetTime("created_at")!.Value,
        UpdatedAt = entity.GetTime("updated_at")!.Value,
        Revision = entity.GetInt64("revision") ?? 0,
        ETag = entity.ETag,
    };

    private static SealedSecrets? ReadSecrets(Entity entity)
    {
        if (WrappedKeyRow.Read(entity) is not { } key)
            return null;
        var ciphertexts = SecretNames.All
            .Select(name => (Name: name, Value: entity.GetBytes(SecretPrefix + name)))
            .Where(static pair => pair.Value is not null)
            .ToDictionary(static pair => pair.Name, static pair => pair.Value!, StringComparer.Ordinal);
        return new SealedSecrets(key, ciphertexts);
    }
}
