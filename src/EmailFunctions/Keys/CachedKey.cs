using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace EmailFunctions.Keys;

/// <summary>
/// A key's bytes while they are kept: at one place, which the garbage collector does not copy elsewhere, and overwritten when their time is
/// over. Whoever needs them gets a copy, since they may be overwritten at any moment.
/// </summary>
internal sealed class CachedKey
{
    private readonly Lock _gate = new();
    private readonly byte[] _bytes;
    private bool _isCleared;

    /// <param name="key">The bytes, which are overwritten.</param>
    public CachedKey(byte[] key)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(key.Length, pinned: true);
        key.CopyTo(_bytes, 0);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>A copy; false: the bytes are overwritten.</summary>
    public bool TryCopy([NotNullWhen(true)] out byte[]? copy)
    {
        lock (_gate)
        {
            copy = _isCleared ? null : [.. _bytes];
            return copy is not null;
        }
    }

    /// <summary>Overwrites the bytes.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _isCleared = true;
            CryptographicOperations.ZeroMemory(_bytes);
        }
    }
}
