using Microsoft.Extensions.Caching.Memory;

namespace EmailFunctions.Keys;

/// <summary>
/// Values that may live in memory for a fixed time and no longer. Callers that miss the same key at once share one load; a load
/// that fails is not kept.
/// </summary>
internal sealed class TimedCache<T>(TimeSpan lifetime, int capacity, TimeProvider time) : IDisposable
{
    private readonly MemoryCache _cache = new(new MemoryCacheOptions { Clock = new Clock(time), SizeLimit = capacity });
    private readonly Lock _misses = new();

    public async Task<T> GetOrLoadAsync(string key, Func<Task<T>> load, CancellationToken cancellationToken)
    {
        if (!_cache.TryGetValue<Lazy<Task<T>>>(key, out var value) || value is null)
        {
            // Alone, GetOrCreate lets two callers that miss at the same instant make an entry each.
            lock (_misses)
                value = _cache.GetOrCreate(key, entry => NewEntry(entry, load))!;
        }

        try
        {
            return await value.Value.WaitAsync(cancellationToken);
        }
        catch when (value.Value.IsFaulted || value.Value.IsCanceled)
        {
            _cache.Remove(key);
            throw;
        }
    }

    /// <summary>Drops a value, and one that is being loaded: whoever asks from now on loads it anew.</summary>
    public void Remove(string key) => _cache.Remove(key);

    public void Dispose() => _cache.Dispose();

    private Lazy<Task<T>> NewEntry(ICacheEntry entry, Func<Task<T>> load)
    {
        entry.Size = 1;
        entry.AbsoluteExpirationRelativeToNow = lifetime;
        return new Lazy<Task<T>>(() => LoadAsync(load));
    }

    // What the call itself throws becomes a failed task too: a Lazy would keep it.
    private static async Task<T> LoadAsync(Func<Task<T>> load) => await load();

#pragma warning disable CS0618 // ISystemClock is how MemoryCache takes its time.
    private sealed class Clock(TimeProvider time) : Microsoft.Extensions.Internal.ISystemClock
#pragma warning restore CS0618
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
