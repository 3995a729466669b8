using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace EmailFunctions.Brakes;

/// <summary>
/// API keys that were good at this instance lately: within the last half hour, or among the last 10,000 where there are more. Only hashes are kept,
/// under a key of this process's own.
/// </summary>
internal sealed class GoodKeys(TimeProvider time)
{
    private const int MaxNew = 10_000;

    private static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(30);

    private readonly byte[] _hashKey = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _turn = new();
    private volatile Generations _generations = new([], [], time.GetUtcNow());

    public bool Has(string credential)
    {
        var hash = HashOf(credential);
        var (young, old, _) = _generations;
        return young.ContainsKey(hash) || old.ContainsKey(hash);
    }

    public void Note(string credential)
    {
        Turn();
        _generations.Young.TryAdd(HashOf(credential), true);
    }

    /// <summary>It is good no more.</summary>
    public void Forget(string credential)
    {
        var hash = HashOf(credential);
        var (young, old, _) = _generations;
        young.TryRemove(hash, out _);
        old.TryRemove(hash, out _);
    }

    // What was not seen again meanwhile is forgotten at the next turn.
    private void Turn()
    {
        lock (_turn)
        {
            var now = time.GetUtcNow();
            if (_generations.Young.Count >= MaxNew || now - _generations.Since >= HalfLife)
                _generations = new Generations([], _generations.Young, now);
        }
    }

    private string HashOf(string credential) => Convert.ToBase64String(HMACSHA256.HashData(_hashKey, Encoding.UTF8.GetBytes(credential)));

    private sealed record Generations(ConcurrentDictionary<string, bool> Young, ConcurrentDictionary<string, bool> Old, DateTimeOffset Since);
}
