using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Keys;

/// <summary>
/// The only form in which a recipient is stored: HMAC-SHA-256 under a random key per tenant. A plain hash of an address could
/// be guessed; dropping the tenant's key erases its recipients.
/// </summary>
public sealed class RecipientHasher(StoredKeys keys)
{
    /// <summary>How long a process may go on with a key that another one has dropped. Shorter would cost reads, and a mail must not.</summary>
    public static readonly TimeSpan KeyLifetime = StoredKeys.Lifetime;

    private const string Row = "hash-key";

    // Stands between the name of the key and the hash of a content.
    private const char Separator = '.';

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
    /// known text could be by a plain hash. A name of the key stands before it.
    /// </summary>
    public async Task<string> HashContentAsync(TenantId tenant, Stream content, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(tenant, cancellationToken);
        // Of the content's own hash, so that no content is also an address.
        return KeyNames.Of(key) + Separator + Convert.ToHexStringLower(HMACSHA256.HashData(key, await SHA256.HashDataAsync(content, cancellationToken)));
    }

    /// <summary>
    /// Whether two hashes of one tenant are known to be of different contents. Nothing is known of two that were made under different keys,
    /// since one of the keys is gone. One without a key's name is from before there were names: it is taken for one of the same key.
    /// </summary>
    public static bool AreOfDifferentContents(string first, string second) => (first.Split(Separator), second.Split(Separator)) switch
    {
        ([var key, var hash], [var otherKey, var otherHash]) => key == otherKey && hash != otherHash,
        ([.., var hash], [.., var otherHash]) => hash != otherHash,
        _ => false,
    };

    /// <summary>
    /// Drops the tenant's key: nobody can tell any more whose the hashes are that were made under it, and those that are made from now on,
    /// under another key, can't be compared with them. Other processes follow within <see cref="KeyLifetime"/>.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The key is not known to be dropped.</exception>
    public Task DropAsync(TenantId tenant, CancellationToken cancellationToken) => keys.DropAsync(KeyOf(tenant), cancellationToken);

    /// <summary>Lets the tenant's key be read anew, since another process may have dropped the one that is kept here.</summary>
    public void Forget(TenantId tenant) => keys.Forget(KeyOf(tenant));

    // By RFC 5321 section 2.4 the case of the local part is the receiver's affair; one who looks for a person's mail
    // expects to find it in whatever case it was written.
    private static string Canonical(string address) => address.ToLowerInvariant();

    private Task<byte[]> KeyAsync(TenantId tenant, CancellationToken cancellationToken) => keys.GetOrCreateAsync(KeyOf(tenant), cancellationToken);

    private static EntityKey KeyOf(TenantId tenant) => new(tenant.Partition, Row);
}
