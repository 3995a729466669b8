using EmailFunctions.Keys;

namespace EmailFunctions.Health;

/// <summary>Tells the operator in time when the key-encryption key is about to expire, or was not rotated as it should be.</summary>
internal sealed partial class KeyAgeCheck(IEnumerable<IKeyAge> keys, TimeProvider time, ILogger<KeyAgeCheck> logger)
{
    /// <summary>How long before its end a key is reported.</summary>
    public static readonly TimeSpan Warning = TimeSpan.FromDays(60);

    /// <summary>How old a key may get; the policy that comes with the deployment rotates it once a year.</summary>
    public static readonly TimeSpan Oldest = TimeSpan.FromDays(400);

    /// <summary>Reads the key's age, where its home knows it, and logs what is to be done.</summary>
    /// <exception cref="KeyUnavailableException">The key's home can't be reached.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var key in keys)
        {
            var age = await key.ReadAsync(cancellationToken);
            var now = time.GetUtcNow();
            if (!age.IsEnabled)
                IsDisabled(logger, age.Version);
            else if (age.ExpiresAt is { } end && end - now < Warning)
                Expires(logger, age.Version, end);
            else if (now - age.CreatedAt > Oldest)
                IsOld(logger, age.Version, (int)(now - age.CreatedAt).TotalDays);
            else
                IsWell(logger, age.Version, (int)(now - age.CreatedAt).TotalDays);
        }
    }

    [LoggerMessage(EventId = 423, Level = LogLevel.Error, Message = "Version {Version} of the key-encryption key is disabled, and it is the newest: no secret can be stored. Enable it, or rotate the key.")]
    private static partial void IsDisabled(ILogger logger, int version);

    [LoggerMessage(EventId = 420, Level = LogLevel.Error, Message = "Version {Version} of the key-encryption key expires at {ExpiresAt}, after which no secret can be stored. Rotate the key.")]
    private static partial void Expires(ILogger logger, int version, DateTimeOffset expiresAt);

    [LoggerMessage(EventId = 421, Level = LogLevel.Warning, Message = "Version {Version} of the key-encryption key is {Days} days old. Check the key's rotation policy.")]
    private static partial void IsOld(ILogger logger, int version, int days);

    [LoggerMessage(EventId = 422, Level = LogLevel.Information, Message = "Version {Version} of the key-encryption key is {Days} days old.")]
    private static partial void IsWell(ILogger logger, int version, int days);
}
