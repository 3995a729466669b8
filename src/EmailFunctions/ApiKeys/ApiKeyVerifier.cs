using System.Security.Cryptography;
using EmailFunctions.Access;
using EmailFunctions.Keys;
using EmailFunctions.Storage;

namespace EmailFunctions.ApiKeys;

/// <summary>
/// Tells whom a key lets in. What was read of a key counts for five seconds, so that a revoked one is good for no longer at any instance, and a busy
/// one costs a read in five seconds.
/// </summary>
internal sealed partial class ApiKeyVerifier(ApiKeyStore store, ApiKeyHasher hasher, TimeProvider time, ILogger<ApiKeyVerifier> logger) : IApiKeyVerifier, IDisposable
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(5);

    private readonly TimedCache<ApiKey?> _keys = new(Memory, capacity: 10_000, time);

    public bool IsApiKey(string credential) => credential.StartsWith(ApiKeyToken.Prefix, StringComparison.Ordinal);

    public async Task<Caller?> FindAsync(string credential, CancellationToken cancellationToken)
    {
        if (!ApiKeyToken.TryReadId(credential, out var id) || await _keys.GetOrLoadAsync(id, () => store.FindAsync(id, CancellationToken.None), cancellationToken) is not { } key)
            return null;
        var hash = await hasher.HashAsync(credential, key.Tenant, key.Scopes, key.ExpiresAt, cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(hash, key.Hash) || key.ExpiresAt <= time.GetUtcNow())
            return null;
        await NoteUseAsync(key, cancellationToken);
        return key.ToCaller();
    }

    /// <summary>Reads a key anew when it is next used; for the instance that revokes it.</summary>
    public void Forget(string id) => _keys.Remove(id);

    public void Dispose() => _keys.Dispose();

    // To the hour, so that a busy key costs a write an hour.
    private async Task NoteUseAsync(ApiKey key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var hour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
        if (key.LastUsedAt >= hour)
            return;
        try
        {
            await store.TouchAsync(key, hour, cancellationToken);
            _keys.Remove(key.Id);
        }
        catch (StoreUnavailableException exception)
        {
            // Nobody is kept out for it.
            UseNotNoted(logger, exception, key.Id);
        }
    }

    [LoggerMessage(EventId = 610, Level = LogLevel.Warning, Message = "That the API key {KeyId} was used could not be written down.")]
    private static partial void UseNotNoted(ILogger logger, Exception exception, string keyId);
}
