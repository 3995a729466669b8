namespace EmailFunctions.Keys;

/// <summary>
/// Wraps data keys under the key-encryption key, which never leaves its home (Key Vault, or the local key file). Throws
/// <see cref="KeyUnavailableException"/> when that key can't be reached or the one that is asked for is not there.
/// </summary>
public interface IKeyWrapper
{
    /// <summary>Wraps a data key of 16 to 64 bytes under the newest version of the key-encryption key.</summary>
    Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken);

    /// <summary>Unwraps under the version that wrapped it.</summary>
    /// <exception cref="KeyUnavailableException">Also when the wrapped key was changed or belongs to another key.</exception>
    Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken);

    /// <summary>Under what new keys are wrapped from now on by this instance. Asks the key's home, whatever it said before.</summary>
    Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken);
}

/// <summary>The newest version of the key-encryption key.</summary>
/// <param name="KeyId">Names the key and its version.</param>
/// <param name="Version">That version as a number.</param>
/// <param name="KnownWithin">How long from now on another instance may still wrap under the version before.</param>
public sealed record NewestKey(string KeyId, int Version, TimeSpan KnownWithin);

/// <summary>A data key, wrapped.</summary>
/// <param name="KeyId">Names the key-encryption key and its version, as its home does.</param>
/// <param name="Version">That version as a number, 1 being the first; what clients see as <c>encryption_version</c>.</param>
/// <param name="Value">The wrapped bytes.</param>
public sealed record WrappedKey(string KeyId, int Version, byte[] Value);

/// <summary>The key-encryption key can't be used; the message names the key, never its value.</summary>
public sealed class KeyUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether waiting won't help: somebody has to mend the key, or what was wrapped by it.</summary>
    public bool IsLasting { get; init; }

    /// <summary>Whether it is what was wrapped that is damaged: the key-encryption key can be used, and other data keys can be unwrapped by it.</summary>
    public bool IsDamage { get; init; }

    /// <summary>The number of the key's version where there is known to be data under it; else null.</summary>
    public int? LostVersion { get; init; }
}
