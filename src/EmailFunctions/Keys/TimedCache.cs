using Microsoft.Extensions.Caching.Memory;

namespace EmailFunctions.Keys;

/// <summary>
/// Values that may live in memory for a fixed time and no longer. Callers that miss the same key at once share one load; a load
/// that fails is not kept.
/// </summary>
internal sealed class TimedCache<T> : IDisposable
{
    // Nothing else takes those out whose time is over while nobody asks.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _lifetime;
    private readonly Action<T>? _gone;
    private readonly MemoryCache _cache;
    private readonly ITimer _sweeps;
    private readonly Lock _misses = new();
    private bool _isDisposed;

    /// <param name="lifetime">How long a value is handed out.</param>
    /// <param name="capacity">How many are kept at most.</param>
    /// <param name="time">The clock.</param>
    /// <param name="gone">Called with a value that is handed out no more, within a minute after its time.</param>
    public TimedCache(TimeSpan lifetime, int capacity, TimeProvider time, Action<T>? gone = null)
    {
        (_lifetime, _gone) = (lifetime, gone);
        _cache = new MemoryCache(new MemoryCacheOptions { Clock = new Clock(time), SizeLimit = capacity });
        _sweeps = time.CreateTimer(static cache => ((MemoryCache)cache!).Compact(0), _cache, SweepInterval, SweepInterval);
    }

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

    // More than once where its owner is known by two names.
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        _sweeps.Dispose();
        _cache.Clear();
        _cache.Dispose();
    }

    private Lazy<Task<T>> NewEntry(ICacheEntry entry, Func<Task<T>> load)
    {
        entry.Size = 1;
        entry.AbsoluteExpirationRelativeToNow = _lifetime;
        if (_gone is { } gone)
            entry.RegisterPostEvictionCallback(static (_, value, _, state) => TellAsync((Lazy<Task<T>>)value!, (Action<T>)state!), gone);
        return new Lazy<Task<T>>(() => LoadAsync(load));
    }

    private static async void TellAsync(Lazy<Task<T>> value, Action<T> gone)
    {
        if (!value.IsValueCreated)
            return;
        // Those who wait for a value that is being loaded get it first.
        await ((Task)value.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (value.Value.IsCompletedSuccessfully)
            gone(value.Value.Result);
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
