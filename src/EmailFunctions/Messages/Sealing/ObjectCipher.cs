using System.Buffers.Binary;
using System.Security.Cryptography;

namespace EmailFunctions.Messages.Sealing;

/// <summary>
/// Encrypts one object in segments, so that it is written and read as a stream in bounded memory, and nothing of it is handed out before it is
/// authenticated. This is the streaming AEAD of Google's Tink, AES-GCM-HKDF (developers.google.com/tink/streaming-aead; Hoang and Shen,
/// "Security of Streaming Encryption in Google's Tink Library", CCS 2020), with AES-256, SHA-256 and segments of 64 KiB. Each object has
/// a key of its own, derived from the tenant's by a random salt and by what the object is; a segment's nonce holds its number and whether it is
/// the last. So a segment that was changed, moved or cut off does not decrypt, nor does an object under the name of another.
/// </summary>
internal sealed class ObjectCipher : IDisposable
{
    /// <summary>Bytes of a whole segment as it is stored; the first begins with the header.</summary>
    public const int SegmentBytes = 64 * 1024;

    /// <summary>Bytes before the first segment: their own number, the salt, and the start of all nonces.</summary>
    public const int HeaderBytes = 1 + SaltBytes + PrefixBytes;

    private const int SaltBytes = 32;
    private const int PrefixBytes = 7;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;
    private const int NonceBytes = PrefixBytes + sizeof(uint) + 1;
    private const int FirstPlainBytes = SegmentBytes - HeaderBytes - TagBytes;
    private const int PlainBytes = SegmentBytes - TagBytes;

    private readonly byte[] _nonce = new byte[NonceBytes];
    private readonly AesGcm _gcm;

    /// <param name="key">The tenant's.</param>
    /// <param name="header">The object's.</param>
    /// <param name="identity">What the object is; another identity is another key.</param>
    /// <exception cref="InvalidDataException">This is no header.</exception>
    public ObjectCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> header, ReadOnlySpan<byte> identity)
    {
        if (header.Length != HeaderBytes || header[0] != HeaderBytes)
            throw new InvalidDataException("The stored content is not as it was encrypted.");
        Span<byte> derived = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, header.Slice(1, SaltBytes), identity);
        _gcm = new AesGcm(derived, TagBytes);
        CryptographicOperations.ZeroMemory(derived);
        header[^PrefixBytes..].CopyTo(_nonce);
    }

    /// <summary>A header for a new object: random, and never to be used for another content.</summary>
    public static byte[] NewHeader()
    {
        var header = RandomNumberGenerator.GetBytes(HeaderBytes);
        header[0] = HeaderBytes;
        return header;
    }

    /// <summary>How long a content is once it is encrypted.</summary>
    public static long SealedLength(long plain) => HeaderBytes + plain + (SegmentsOf(plain) * TagBytes);

    /// <summary>How long a content was before.</summary>
    /// <exception cref="InvalidDataException">No content is so long.</exception>
    public static long PlainLength(long sealedLength)
    {
        var segments = Math.Max(1, (sealedLength + SegmentBytes - 1) / SegmentBytes);
        var plain = sealedLength - HeaderBytes - (segments * TagBytes);
        return plain >= 0 && SealedLength(plain) == sealedLength ? plain : throw new InvalidDataException("The stored content is cut short.");
    }

    /// <summary>Where a segment's content begins, in the content.</summary>
    public static long StartOf(long segment) => segment == 0 ? 0 : FirstPlainBytes + ((segment - 1) * PlainBytes);

    /// <summary>How much of a content of this length is in a segment.</summary>
    public static int PlainBytesOf(long segment, long plain) => (int)Math.Min(plain - StartOf(segment), segment == 0 ? FirstPlainBytes : PlainBytes);

    /// <summary>Encrypts a segment; returns how many bytes it became.</summary>
    public int Encrypt(long segment, bool isLast, ReadOnlySpan<byte> plain, Span<byte> target)
    {
        _gcm.Encrypt(NonceOf(segment, isLast), plain, target[..plain.Length], target.Slice(plain.Length, TagBytes));
        return plain.Length + TagBytes;
    }

    /// <summary>Decrypts a segment; returns how many bytes it became.</summary>
    /// <exception cref="InvalidDataException">It is not what was encrypted as this segment of this object.</exception>
    public int Decrypt(long segment, bool isLast, ReadOnlySpan<byte> stored, Span<byte> target)
    {
        var length = stored.Length - TagBytes;
        if (length < 0)
            throw new InvalidDataException("The stored content is cut short.");
        try
        {
            _gcm.Decrypt(NonceOf(segment, isLast), stored[..length], stored[length..], target[..length]);
            return length;
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new InvalidDataException("The stored content was changed or cut short, or was encrypted for another message.", exception);
        }
    }

    public void Dispose() => _gcm.Dispose();

    private static long SegmentsOf(long plain) => plain <= FirstPlainBytes ? 1 : 1 + ((plain - FirstPlainBytes + PlainBytes - 1) / PlainBytes);

    private byte[] NonceOf(long segment, bool isLast)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_nonce.AsSpan(PrefixBytes), checked((uint)segment));
        _nonce[^1] = isLast ? (byte)1 : (byte)0;
        return _nonce;
    }
}
