using System.Security.Cryptography;

namespace EmailFunctions.Keys;

/// <summary>
/// Makes data keys and keeps unwrapped ones for a few minutes, so that the key-encryption key is not asked per mail.
/// </summary>
public sealed class DataKeyCache(IKeyWrapper wrapper, TimeProvider time) : IDisposable
{
    /// <summary>How long an unwrapped key stays in memory; it is overwritten within a minute after.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of a data key.</summary>
    public const int KeyBytes = 32;

    private readonly TimedCache<CachedKey> _keys = new(Lifetime, capacity: 10_000, time, static key => key.Clear());

    /// <summary>A new random data key and its wrapped form.</summary>
    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<(byte[] Key, WrappedKey Wrapped)> CreateAsync(CancellationToken cancellationToken)
    {
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        return (key, await wrapper.WrapAsync(key, cancellationToken));
    }

    /// <summary>The data key, unwrapped now or within the last minutes. It is the caller's own copy, who overwrites it when done.</summary>
    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken)
    {
        var name = $"{wrapped.KeyId} {Convert.ToBase64String(wrapped.Value)}";
        while (true)
        {
            // The load is not bound to one caller's token: those who share it would be cancelled with it.
            var key = await _keys.GetOrLoadAsync(name, async () => new CachedKey(await wrapper.UnwrapAsync(wrapped, CancellationToken.None)), cancellationToken);
            // Overwritten: its time was over just now.
            if (key.TryCopy(out var copy))
                return copy;
        }
    }

    public void Dispose() => _keys.Dispose();
}
