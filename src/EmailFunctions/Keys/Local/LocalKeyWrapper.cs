using System.Security.Cryptography;

namespace EmailFunctions.Keys.Local;

/// <summary>
/// A key-encryption key of 256 bits held by this process, wrapping by AES Key Wrap with Padding (RFC 5649). Its id is a
/// fingerprint of the key, so that a wrong key is named instead of failing without a word.
/// </summary>
internal sealed class LocalKeyWrapper : IKeyWrapper, IDisposable
{
    /// <summary>Bytes of the key-encryption key.</summary>
    public const int KeyBytes = 32;

    private const int FirstVersion = 1;

    private readonly Aes _aes = Aes.Create();
    private readonly string _keyId;

    public LocalKeyWrapper(byte[] key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyBytes);
        _aes.Key = key;
        _keyId = $"local:{Convert.ToHexStringLower(SHA256.HashData(key))[..16]}";
    }

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(dataKey.Length, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataKey.Length, 64);
        lock (_aes)
            return Task.FromResult(new WrappedKey(_keyId, FirstVersion, _aes.EncryptKeyWrapPadded(dataKey.Span)));
    }

    public Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (wrapped.KeyId != _keyId)
        {
            throw new KeyUnavailableException(
                $"The data was encrypted under the key {wrapped.KeyId}, but the service has {_keyId}. Give it the key that the data was written with (EMAIL_ENCRYPTION_KEY, or the key file in the data folder).")
            { IsLasting = true };
        }

        try
        {
            lock (_aes)
                return Task.FromResult(_aes.DecryptKeyWrapPadded(wrapped.Value));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException) // The latter says that its length is wrong.
        {
            throw new KeyUnavailableException($"A data key that names the key {_keyId} was not wrapped by it, or was changed.", exception) { IsLasting = true, IsDamage = true };
        }
    }

    public void Dispose() => _aes.Dispose();
}
