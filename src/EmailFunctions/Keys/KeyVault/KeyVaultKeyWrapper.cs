using Azure.Core;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>
/// The key-encryption key is an RSA key in Key Vault. Wrapping uses the newest version's public half and so no operation of the
/// vault; unwrapping is the vault's, under the version that wrapped, and is kept by <see cref="DataKeyCache"/>. In steady state
/// the vault is not asked at all.
/// </summary>
internal sealed class KeyVaultKeyWrapper : IKeyWrapper, IKeyAge, IDisposable
{
    private const int ShortestDataKey = 16;
    private const int LongestDataKey = 64;
    private const int LeastModulusBytes = 2048 / 8;

    private readonly KeyVaultAddress _key;
    private readonly TimeProvider _time;
    private readonly KeyVaultClient _client;
    private readonly KeyVersions _versions;

    /// <summary>Calls nothing yet.</summary>
    /// <param name="key">The key, without a version.</param>
    /// <param name="credential">Who the service is.</param>
    /// <param name="time">The clock that versions expire by.</param>
    /// <param name="options">How the vault is called; null: as in production.</param>
    public KeyVaultKeyWrapper(KeyVaultAddress key, TokenCredential credential, TimeProvider time, KeyVaultOptions? options = null)
    {
        (_key, _time) = (key, time);
        _client = new KeyVaultClient(key, credential, time, options ?? new KeyVaultOptions());
        _versions = new KeyVersions(_client, time);
    }

    public async Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(dataKey.Length, ShortestDataKey);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataKey.Length, LongestDataKey);
        var newest = await _versions.NewestAsync(mayWrap: true, cancellationToken);
        ThrowIfUnfit(newest.Version);
        return new WrappedKey(newest.Version.KeyId, newest.Number, newest.Version.Wrap(dataKey.Span));
    }

    public async Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_key.VersionOf(wrapped.KeyId) is not { } version)
        {
            throw new KeyUnavailableException(
                $"The data was encrypted under the key {wrapped.KeyId}, but the service has {_key}. Let EMAIL_KEY_VAULT_KEY name the key that the data was written with.")
            { IsLasting = true };
        }

        var dataKey = await _client.UnwrapAsync(version, wrapped.Value, cancellationToken);
        return dataKey.Length is >= ShortestDataKey and <= LongestDataKey ? dataKey : throw KeyVaultFailures.Unreadable(_key, null);
    }

    public async Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken)
    {
        var newest = await _versions.ReadNewestAsync(cancellationToken);
        ThrowIfUnfit(newest.Version);
        return new NewestKey(newest.Version.KeyId, newest.Number, KeyVersions.Lifetime);
    }

    public async Task<KeyAge> ReadAsync(CancellationToken cancellationToken)
    {
        var newest = await _versions.NewestAsync(mayWrap: false, cancellationToken);
        return new KeyAge(newest.Number, newest.Version.CreatedAt, newest.Version.ExpiresAt, newest.Version.IsEnabled);
    }

    public void Dispose() => _client.Dispose();

    // The vault would refuse these itself, were it asked to wrap.
    private void ThrowIfUnfit(KeyVersion newest)
    {
        var now = _time.GetUtcNow();
        if (newest.Public is not { Modulus.Length: >= LeastModulusBytes })
            throw new KeyUnavailableException($"The key {_key} is not an RSA key of 2048 bits or more. Make one, or name another key by EMAIL_KEY_VAULT_KEY.");
        if (!newest.IsEnabled)
            throw new KeyUnavailableException($"The newest version of the key {_key} is disabled. Enable it, or rotate the key.");
        if (newest.ExpiresAt <= now)
            throw new KeyUnavailableException($"The newest version of the key {_key} expired at {newest.ExpiresAt:u}. Rotate the key; what was encrypted under old versions stays readable.");
        if (newest.NotBefore > now)
            throw new KeyUnavailableException($"The newest version of the key {_key} can't be used before {newest.NotBefore:u}. Check its dates in the vault.");
    }
}
