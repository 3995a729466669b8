using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Access;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.ApiKeys;

/// <summary>
/// The only form in which an API key is stored: HMAC-SHA-256 under a random key of the service, wrapped by the key-encryption key. What the
/// key is good for is hashed with it: who can read the store, and write to it, can neither make a key that is taken nor make more of one.
/// </summary>
internal sealed class ApiKeyHasher(StoredKeys keys)
{
    private static readonly EntityKey Place = new("service", "api-key-hash-key");

    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<byte[]> HashAsync(string text, TenantId? tenant, Scopes scopes, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(Place, cancellationToken);
        try
        {
            return HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(FormattableString.Invariant($"{text}\n{tenant}\n{(int)scopes}\n{expiresAt.ToUnixTimeSeconds()}")));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
