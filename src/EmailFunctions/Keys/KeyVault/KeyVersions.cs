namespace EmailFunctions.Keys.KeyVault;

/// <summary>
/// Which version of the key is the newest, looked up once a minute by an instance that wraps anything, and each version's number: its place in the order of
/// creation. Versions are only ever added to a key, so a number stays.
/// </summary>
internal sealed class KeyVersions(KeyVaultClient client, TimeProvider time)
{
    /// <summary>How long the newest version is taken to be it; a rotation is noticed within this time.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private Dictionary<string, int> _numbers = [];
    private Task<Numbered>? _load;
    private Numbered? _newest;
    private DateTimeOffset _readAt;

    /// <summary>The newest version and its number.</summary>
    /// <param name="mayWrap">Whether one that can't wrap now is looked up again: another may have come meanwhile.</param>
    /// <param name="cancellationToken">Ends the wait; the look-up goes on for those who share it.</param>
    /// <exception cref="KeyUnavailableException">The vault can't be used.</exception>
    public Task<Numbered> NewestAsync(bool mayWrap, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_newest is { } known && now - _readAt < Lifetime && !(mayWrap && known.Version.ExpiresAt <= now))
                return Task.FromResult(known);

            // Those who come meanwhile share its failure too: in turn, each would wait for a vault that is down.
            if (_load is null or { IsCompleted: true })
                _load = LoadAsync(now);
            return _load.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The same, asked of the vault now.</summary>
    /// <exception cref="KeyUnavailableException">The vault can't be used.</exception>
    public Task<Numbered> ReadNewestAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Not one that is under way: its answer may be from before the rotation that somebody wants to be known.
            _load = LoadAsync(time.GetUtcNow(), after: _load);
            return _load.WaitAsync(cancellationToken);
        }
    }

    private async Task<Numbered> LoadAsync(DateTimeOffset now, Task? after = null)
    {
        // One at a time: they share the numbers, and an older answer must not follow a newer one.
        if (after is not null)
            await after.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var newest = await client.GetNewestAsync(CancellationToken.None);
        var numbered = new Numbered(newest, await NumberAsync(newest));
        lock (_gate)
            (_newest, _readAt) = (numbered, now);
        return numbered;
    }

    private async Task<int> NumberAsync(KeyVersion newest)
    {
        if (!_numbers.ContainsKey(newest.KeyId))
        {
            var versions = await client.ListVersionsAsync(CancellationToken.None);
            // A list may lag behind. Times are whole seconds: the id decides between equal ones, so that all instances count alike.
            _numbers = versions.Append(newest).DistinctBy(static version => version.KeyId, StringComparer.Ordinal)
                .OrderBy(static version => version.CreatedAt).ThenBy(static version => version.KeyId, StringComparer.Ordinal)
                .Select(static (version, index) => KeyValuePair.Create(version.KeyId, index + 1))
                .ToDictionary(StringComparer.Ordinal);
        }

        return _numbers[newest.KeyId];
    }

    /// <summary>A version and its number, 1 being the first.</summary>
    internal sealed record Numbered(KeyVersion Version, int Number);
}
