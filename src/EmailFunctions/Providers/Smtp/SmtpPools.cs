using System.Collections.Concurrent;
using EmailFunctions.Outbound;
using EmailFunctions.Tenants;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// One pool per owner and version of its configuration, so that connections are shared neither between owners nor with credentials
/// that were changed. A pool that nobody uses any more is closed.
/// </summary>
internal sealed class SmtpPools : IDisposable
{
    private static readonly TimeSpan CleanUpInterval = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(TenantId Owner, string Version, int Place), SmtpPool> _pools = new();
    private readonly ConcurrentDictionary<(TenantId Owner, string Version, int Place), SmtpToken> _tokens = new();
    private readonly SmtpOptions _options;
    private readonly OutboundGuard _guard;
    private readonly IHttpClientFactory _clients;
    private readonly TimeProvider _time;
    private readonly ITimer _cleanUp;
    private int _cleaning;

    public SmtpPools(SmtpOptions options, OutboundGuard guard, IHttpClientFactory clients, TimeProvider time)
    {
        (_options, _guard, _clients, _time) = (options, guard, clients, time);
        _cleanUp = time.CreateTimer(_ => _ = CleanUpAsync(), null, CleanUpInterval, CleanUpInterval);
    }

    /// <summary>The largest message of each server.</summary>
    public SmtpSizes Sizes { get; } = new();

    public SmtpPool For(ProviderAccount account) =>
        _pools.GetOrAdd(
            KeyOf(account),
            static (_, state) => new SmtpPool(state.account, state.pools._options, state.pools._guard, state.pools.Sizes, state.pools.TokenOf(state.account), state.pools._time),
            (pools: this, account));

    public void Dispose()
    {
        _cleanUp.Dispose();
        foreach (var pool in _pools.Values)
            pool.Dispose();
    }

    private static (TenantId Owner, string Version, int Place) KeyOf(ProviderAccount account) => (account.Owner, account.Version, account.Place);

    // Outlives the pool, so that an account that sends seldom does not fetch a token for each message.
    private SmtpToken? TokenOf(ProviderAccount account) => account.Settings.SmtpOAuthTokenUrl is null
        ? null
        : _tokens.GetOrAdd(KeyOf(account), static (_, state) => new SmtpToken(state.account, state.pools._options, state.pools._clients, state.pools._time), (pools: this, account));

    private async Task CleanUpAsync()
    {
        if (Interlocked.Exchange(ref _cleaning, 1) == 1)
            return;
        try
        {
            foreach (var (key, pool) in _pools)
            {
                await pool.CloseIdleAsync();
                // A sender that just got it can still use it: the pool then keeps nothing.
                if (pool.IsAbandoned && _pools.TryRemove(KeyValuePair.Create(key, pool)))
                    pool.Dispose();
            }

            foreach (var (key, token) in _tokens)
            {
                if (token.IsOver && !_pools.ContainsKey(key))
                    _tokens.TryRemove(KeyValuePair.Create(key, token));
            }
        }
        finally
        {
            Volatile.Write(ref _cleaning, 0);
        }
    }
}
