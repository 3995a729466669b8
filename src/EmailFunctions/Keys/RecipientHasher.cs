using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Keys;

/// <summary>
/// The only form in which a recipient is stored: HMAC-SHA-256 under a random key per tenant. A plain hash of an address could
/// be guessed; dropping the tenant's key erases its recipients.
/// </summary>
public sealed class RecipientHasher(IEntityTable table, DataKeyCache keys, TimeProvider time) : IDisposable
{
    private const string Row = "hash-key";

    private readonly TimedCache<WrappedKey> _tenantKeys = new(DataKeyCache.Lifetime, capacity: 10_000, time);

    /// <summary>The hash of an address, as lower-case hexadecimal.</summary>
    public async Task<string> HashAsync(TenantId tenant, string address, CancellationToken cancellationToken) =>
        (await ForTenantAsync(tenant, cancellationToken))(address);

    /// <summary>The tenant's hash function; for many addresses at once.</summary>
    public async Task<Func<string, string>> ForTenantAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(tenant, cancellationToken);
        return address => Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(Canonical(address))));
    }

    /// <summary>
    /// The hash of a message's content: it tells whether two are the same, and can't be guessed either, as a short message with a
    /// known text could be by a plain hash.
    /// </summary>
    public async Task<string> HashContentAsync(TenantId tenant, Stream content, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(tenant, cancellationToken);
        // Of the content's own hash, so that no content is also an address.
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, await SHA256.HashDataAsync(content, cancellationToken)));
    }

    public void Dispose() => _tenantKeys.Dispose();

    // By RFC 5321 section 2.4 the case of the local part is the receiver's affair; one who looks for a person's mail
    // expects to find it in whatever case it was written.
    private static string Canonical(string address) => address.ToLowerInvariant();

    private async Task<byte[]> KeyAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var wrapped = await _tenantKeys.GetOrLoadAsync(tenant.Value, () => LoadAsync(tenant), cancellationToken);
        return await keys.UnwrapAsync(wrapped, cancellationToken);
    }

    private async Task<WrappedKey> LoadAsync(TenantId tenant)
    {
        var key = new EntityKey(tenant.Partition, Row);
        if (await table.GetAsync(key, CancellationToken.None) is { } entity)
            return Read(entity);

        var (_, wrapped) = await keys.CreateAsync(CancellationToken.None);
        var created = new Entity(key)
        {
            ["key_id"] = wrapped.KeyId,
            ["key_version"] = wrapped.Version,
            ["wrapped_key"] = wrapped.Value,
        };
        var written = await table.WriteAsync([EntityWrite.Insert(created)], CancellationToken.None);
        // A conflict says that somebody was first; theirs is the key.
        return written.IsDone ? wrapped : Read((await table.GetAsync(key, CancellationToken.None))!);
    }

    private static WrappedKey Read(Entity entity) =>
        new(entity.GetString("key_id")!, (int)entity.GetInt64("key_version")!.Value, entity.GetBytes("wrapped_key")!);
}
