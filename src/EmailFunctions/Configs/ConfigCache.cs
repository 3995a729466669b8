using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics.Metrics;
using System.Globalization;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using Microsoft.Extensions.Caching.Hybrid;

namespace EmailFunctions.Configs;

/// <summary>
/// Configurations as the sending path reads them: kept for half a minute, dropped at once when this process writes, loaded
/// once for callers that miss together. What is kept holds secrets only in their encrypted form.
/// </summary>
public sealed class ConfigCache
{
    /// <summary>How long another process may go on with an older configuration.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private static readonly HybridCacheEntryOptions Options = new() { Expiration = Lifetime, LocalCacheExpiration = Lifetime };

    // A change begins a new round under a new key. What a load from before it brings lands under the old one, where nobody looks.
    private readonly ConcurrentDictionary<TenantId, long> _rounds = new();
    private long _epoch;
    private readonly HybridCache _cache;
    private readonly ConfigStore _store;
    private readonly Counter<long> _hits;
    private readonly Counter<long> _misses;

    public ConfigCache(HybridCache cache, ConfigStore store, IMeterFactory meters)
    {
        _cache = cache;
        _store = store;
        var meter = EmailMeter.Of(meters);
        _hits = meter.CreateCounter<long>("email_config_cache_hits_total", description: "Configurations found in the cache.");
        _misses = meter.CreateCounter<long>("email_config_cache_misses_total", description: "Configurations read from the store.");
        // Shown from the first scrape on: a rate can't be told of a series that begins with its first event.
        _hits.Add(0);
        _misses.Add(0);
    }

    /// <summary>The tenant's configuration, also an inactive one; null where it has none.</summary>
    public async ValueTask<TenantConfig?> GetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var load = new Load(_store, tenant);
        var entry = await _cache.GetOrCreateAsync(
            KeyOf(tenant), load, static (load, token) => load.RunAsync(token), Options, tags: null, cancellationToken);
        (load.HasRun ? _misses : _hits).Add(1);
        return entry.Config;
    }

    /// <summary>Drops what is kept, and what is being loaded right now: that may have been read before the change.</summary>
    public ValueTask InvalidateAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var old = KeyOf(tenant);
        _rounds.AddOrUpdate(tenant, 1, static (_, round) => round + 1);
        return _cache.RemoveAsync(old, cancellationToken);
    }

    /// <summary>The same for all tenants. What was kept is out of use at once, and out of memory when its time is over.</summary>
    public void InvalidateAll() => Interlocked.Increment(ref _epoch);

    private string KeyOf(TenantId tenant) =>
        string.Create(CultureInfo.InvariantCulture, $"config {tenant} {Interlocked.Read(ref _epoch)} {_rounds.GetValueOrDefault(tenant)}");

    private sealed class Load(ConfigStore store, TenantId tenant)
    {
        public bool HasRun { get; private set; }

        public async ValueTask<CachedConfig> RunAsync(CancellationToken cancellationToken)
        {
            HasRun = true;
            return new CachedConfig(await store.GetAsync(tenant, cancellationToken));
        }
    }
}

/// <summary>A cache entry; "there is none" is an answer worth keeping, too. Immutable, so that the cache need not copy it.</summary>
[ImmutableObject(true)]
public sealed record CachedConfig(TenantConfig? Config);
