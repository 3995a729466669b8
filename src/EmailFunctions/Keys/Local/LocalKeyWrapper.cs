using System.Security.Cryptography;

namespace EmailFunctions.Keys.Local;

/// <summary>
/// Key-encryption keys of 256 bits held by this process, wrapping by AES Key Wrap with Padding (RFC 5649): one that wraps, and those that it
/// replaced, which unwrap only. A key's id is a fingerprint of it, so that a wrong key is named instead of failing without a word.
/// </summary>
internal sealed class LocalKeyWrapper : IKeyWrapper, IDisposable
{
    /// <summary>Bytes of a key-encryption key.</summary>
    public const int KeyBytes = 32;

    private readonly Dictionary<string, Aes> _keys = new(StringComparer.Ordinal);
    private readonly string _keyId;
    private readonly int _version;

    /// <param name="key">The key that wraps.</param>
    /// <param name="previous">Those that it replaced.</param>
    public LocalKeyWrapper(byte[] key, params IReadOnlyList<byte[]> previous)
    {
        _keyId = Add(key);
        foreach (var old in previous)
            Add(old);
        _version = _keys.Count;
    }

    /// <summary>The names of all keys, the one that wraps first.</summary>
    public IReadOnlyCollection<string> KeyIds => _keys.Keys;

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(dataKey.Length, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataKey.Length, 64);
        var aes = _keys[_keyId];
        lock (aes)
            return Task.FromResult(new WrappedKey(_keyId, _version, aes.EncryptKeyWrapPadded(dataKey.Span)));
    }

    public Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_keys.TryGetValue(wrapped.KeyId, out var aes))
        {
            throw new KeyUnavailableException(
                $"The data was encrypted under the key {wrapped.KeyId}, but the service has {string.Join(", ", _keys.Keys)}. Give it the key that the data was written with, too (EMAIL_ENCRYPTION_KEY_PREVIOUS, or a file key.1 in the data folder).")
            { IsLasting = true };
        }

        try
        {
            lock (aes)
                return Task.FromResult(aes.DecryptKeyWrapPadded(wrapped.Value));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException) // The latter says that its length is wrong.
        {
            throw new KeyUnavailableException($"A data key that names the key {wrapped.KeyId} was not wrapped by it, or was changed.", exception) { IsLasting = true, IsDamage = true };
        }
    }

    // Another key comes with another process alone.
    public Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken) => Task.FromResult(new NewestKey(_keyId, _version, TimeSpan.Zero));

    public void Dispose()
    {
        foreach (var aes in _keys.Values)
            aes.Dispose();
    }

    private string Add(byte[] key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyBytes);
        var name = $"local:{Convert.ToHexStringLower(SHA256.HashData(key))[..16]}";
        if (!_keys.ContainsKey(name))
        {
            var aes = Aes.Create();
            aes.Key = key;
            _keys.Add(name, aes);
        }

        return name;
    }
}
