using EmailFunctions.Keys;

namespace EmailFunctions.Rotation;

/// <summary>Starts rotations: the key-encryption key has a new version, and all keys in the store are to be wrapped under it.</summary>
internal sealed partial class KeyRotations(RotationStore store, IKeyWrapper keys, KeyRegister register, TimeProvider time, ILogger<KeyRotations> logger)
{
    /// <summary>The one that is under way, or was last; null: there never was one.</summary>
    public Task<KeyRotation?> ReadAsync(CancellationToken cancellationToken) => store.ReadAsync(cancellationToken);

    /// <summary>Starts one towards the version that is the newest now, unless one is under way to it already.</summary>
    /// <exception cref="KeyUnavailableException">The newest version can't wrap and unwrap.</exception>
    public async Task<KeyRotation> StartAsync(CancellationToken cancellationToken)
    {
        var newest = await keys.ReadNewestAsync(cancellationToken);
        // What only wraps must not be given all keys.
        await register.TryAsync(keys, newest.KeyId, cancellationToken);
        while (true)
        {
            var current = await store.ReadAsync(cancellationToken);
            if (current is { IsUnderWay: true } && current.KeyId == newest.KeyId)
                return current;
            if (await store.WriteAsync(KeyRotation.Towards(newest, time.GetUtcNow()) with { ETag = current?.ETag }, cancellationToken) is { } started)
            {
                Started(logger, started.Version, started.KeyId);
                return started;
            }
        }
    }

    [LoggerMessage(EventId = 440, Level = LogLevel.Information, Message = "All keys in the store are to be wrapped under version {Version} of the key-encryption key, {KeyId}.")]
    private static partial void Started(ILogger logger, int version, string keyId);
}
