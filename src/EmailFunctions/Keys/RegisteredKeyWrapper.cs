using System.Security.Cryptography;

namespace EmailFunctions.Keys;

/// <summary>
/// Has each version of the key-encryption key entered in the register before anything is wrapped under it, and numbers it as the register does. A
/// version that is new is entered by the way only where all that are in use can be used: under a key that was given by mistake nothing is to be encrypted,
/// since it could not be read once the right one is back. Whoever asks for the newest version means it, as a rotation does.
/// </summary>
/// <param name="inner">Wraps.</param>
/// <param name="register">The register.</param>
public sealed class RegisteredKeyWrapper(IKeyWrapper inner, KeyRegister register) : IKeyWrapper
{
    /// <summary>The name of the service that wraps without an entry: for trials, whose result is stored nowhere.</summary>
    public const string Trial = "trial";

    public async Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken)
    {
        while (true)
        {
            var wrapped = await inner.WrapAsync(dataKey, cancellationToken);
            if (register.TryGetNumber(wrapped.KeyId, out var number))
                return wrapped with { Version = number };
            if (!await register.HasAsync(wrapped.KeyId, cancellationToken))
                await register.TryAllAsync(inner, cancellationToken);
            await EnterNewestAsync(cancellationToken);
        }
    }

    public Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken) => inner.UnwrapAsync(wrapped, cancellationToken);

    public async Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var newest = await inner.ReadNewestAsync(cancellationToken);
            if (register.TryGetNumber(newest.KeyId, out var number))
                return newest with { Version = number };
            await EnterNewestAsync(cancellationToken);
        }
    }

    private async Task EnterNewestAsync(CancellationToken cancellationToken)
    {
        var plain = RandomNumberGenerator.GetBytes(DataKeyCache.KeyBytes);
        await register.EnterAsync(await inner.WrapAsync(plain, cancellationToken), plain, cancellationToken);
    }
}
