using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Keys;

/// <summary>
/// The keys under which contents of messages are encrypted: a random one per tenant, wrapped, and read once in a few minutes, so that a mail
/// costs neither a read nor a call of the key-encryption key's home.
/// </summary>
public sealed class ContentKeys(StoredKeys keys)
{
    private const string Row = "content-key";

    /// <summary>The tenant's key, and its name, which is to be remembered with what is encrypted under it.</summary>
    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<(byte[] Key, string Name)> ForWritingAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(KeyOf(tenant), cancellationToken);
        return (key, KeyNames.Of(key));
    }

    /// <summary>The tenant's key of this name; null: it was dropped.</summary>
    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<byte[]?> ForReadingAsync(TenantId tenant, string name, CancellationToken cancellationToken)
    {
        var place = KeyOf(tenant);
        var key = await keys.GetOrCreateAsync(place, cancellationToken);
        if (KeyNames.Of(key) == name)
            return key;
        // The one that is kept here may be from before a drop, and this name be that of the one after it.
        keys.Forget(place);
        key = await keys.GetOrCreateAsync(place, cancellationToken);
        return KeyNames.Of(key) == name ? key : null;
    }

    /// <summary>
    /// Drops the tenant's key: nobody can read any more what was encrypted under it, wherever a copy of that lies; mail of the tenant that
    /// waits fails. For a tenant that sends nothing any more: what another process accepts within <see cref="StoredKeys.Lifetime"/> after
    /// it, with the key that it keeps, is lost.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The key is not known to be dropped.</exception>
    public Task DropAsync(TenantId tenant, CancellationToken cancellationToken) => keys.DropAsync(KeyOf(tenant), cancellationToken);

    private static EntityKey KeyOf(TenantId tenant) => new(tenant.Partition, Row);
}
