using System.Collections.Concurrent;
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
    private readonly SmtpOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _cleanUp;
    private int _cleaning;

    public SmtpPools(SmtpOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _cleanUp = time.CreateTimer(_ => _ = CleanUpAsync(), null, CleanUpInterval, CleanUpInterval);
    }

    public SmtpPool For(ProviderAccount account) =>
        _pools.GetOrAdd((account.Owner, account.Version, account.Place), static (_, state) => new SmtpPool(state.account, state._options, state._time), (account, _options, _time));

    public void Dispose()
    {
        _cleanUp.Dispose();
        foreach (var pool in _pools.Values)
            pool.Dispose();
    }

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
        }
        finally
        {
            Volatile.Write(ref _cleaning, 0);
        }
    }
}
