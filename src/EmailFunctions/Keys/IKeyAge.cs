namespace EmailFunctions.Keys;

/// <summary>Tells how old the key-encryption key is, for keys that their home rotates.</summary>
public interface IKeyAge
{
    /// <summary>The newest version's age, also of one that has expired or is switched off.</summary>
    /// <exception cref="KeyUnavailableException">The key's home can't be reached, or does not have the key.</exception>
    Task<KeyAge> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>How old the newest version of the key-encryption key is.</summary>
/// <param name="Version">Its number, 1 being the first.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">From when on nothing can be wrapped under it; what is wrapped can be unwrapped still. Null: never.</param>
/// <param name="IsEnabled">Whether it may be used at all; one that may not wraps nothing, and nothing older does instead.</param>
public sealed record KeyAge(int Version, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, bool IsEnabled);
