using System.Security.Cryptography;
using System.Text;

namespace EmailFunctions.Keys;

/// <summary>
/// Named secrets, encrypted: AES-256-GCM under one random data key, which is wrapped by the key-encryption key. The name of the
/// owner and of the field is authenticated with each ciphertext, so that one that is copied elsewhere does not decrypt.
/// </summary>
/// <param name="Key">The wrapped data key.</param>
/// <param name="Ciphertexts">By field: nonce (12 bytes), tag (16 bytes), ciphertext.</param>
public sealed record SealedSecrets(WrappedKey Key, IReadOnlyDictionary<string, byte[]> Ciphertexts)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Encrypts under a new data key.</summary>
    public static async Task<SealedSecrets> SealAsync(
        DataKeyCache keys, string owner, IReadOnlyDictionary<string, string> secrets, CancellationToken cancellationToken)
    {
        var (key, wrapped) = await keys.CreateAsync(cancellationToken);
        using var gcm = new AesGcm(key, TagBytes);
        var ciphertexts = secrets.ToDictionary(static pair => pair.Key, pair => Encrypt(gcm, owner, pair.Key, pair.Value), StringComparer.Ordinal);
        CryptographicOperations.ZeroMemory(key);
        return new SealedSecrets(wrapped, ciphertexts);
    }

    /// <summary>Decrypts all.</summary>
    /// <exception cref="KeyUnavailableException">The key can't be used, or a ciphertext was changed or moved here from elsewhere.</exception>
    public async Task<IReadOnlyDictionary<string, string>> OpenAsync(DataKeyCache keys, string owner, CancellationToken cancellationToken)
    {
        var key = await keys.UnwrapAsync(Key, cancellationToken);
        using var gcm = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return Ciphertexts.ToDictionary(static pair => pair.Key, pair => Decrypt(gcm, owner, pair.Key, pair.Value), StringComparer.Ordinal);
    }

    private static byte[] Encrypt(AesGcm gcm, string owner, string field, string secret)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var result = new byte[NonceBytes + TagBytes + plain.Length];
        var (nonce, tag, cipher) = Parts(result);
        RandomNumberGenerator.Fill(nonce);
        gcm.Encrypt(nonce, plain, cipher, tag, AssociatedData(owner, field));
        CryptographicOperations.ZeroMemory(plain);
        return result;
    }

    private static string Decrypt(AesGcm gcm, string owner, string field, byte[] sealedValue)
    {
        if (sealedValue.Length < NonceBytes + TagBytes)
            throw new KeyUnavailableException($"The stored secret {field} of {owner} is damaged.") { IsLasting = true };

        var (nonce, tag, cipher) = Parts(sealedValue);
        var plain = new byte[cipher.Length];
        try
        {
            gcm.Decrypt(nonce, cipher, tag, plain, AssociatedData(owner, field));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new KeyUnavailableException($"The stored secret {field} of {owner} was changed, or was encrypted for another owner or field.", exception) { IsLasting = true };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static PartsOf Parts(byte[] value) => new(
        value.AsSpan(0, NonceBytes), value.AsSpan(NonceBytes, TagBytes), value.AsSpan(NonceBytes + TagBytes));

    // Neither part can hold a NUL, so no two pairs give the same bytes.
    private static byte[] AssociatedData(string owner, string field) => Encoding.UTF8.GetBytes($"{owner}\0{field}");

    private readonly ref struct PartsOf(Span<byte> nonce, Span<byte> tag, Span<byte> cipher)
    {
        private readonly Span<byte> _nonce = nonce;
        private readonly Span<byte> _tag = tag;
        private readonly Span<byte> _cipher = cipher;

        public void Deconstruct(out Span<byte> nonce, out Span<byte> tag, out Span<byte> cipher)
        {
            nonce = _nonce;
            tag = _tag;
            cipher = _cipher;
        }
    }
}
