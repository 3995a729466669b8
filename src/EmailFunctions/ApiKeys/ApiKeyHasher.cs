using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Keys;
using EmailFunctions.Storage;

namespace EmailFunctions.ApiKeys;

/// <summary>
/// The only form in which an API key is stored: HMAC-SHA-256 under a random key of the service, wrapped by the key-encryption key. Who can
/// read the store, and write to it, still can't make a key that is taken.
/// </summary>
internal sealed class ApiKeyHasher(StoredKeys keys)
{
    private static readonly EntityKey Place = new("service", "api-key-hash-key");

    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<byte[]> HashAsync(string text, CancellationToken cancellationToken)
    {
        var key = await keys.GetOrCreateAsync(Place, cancellationToken);
        try
        {
            return HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
