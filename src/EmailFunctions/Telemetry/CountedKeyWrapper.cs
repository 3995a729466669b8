using System.Diagnostics.Metrics;
using EmailFunctions.Keys;

namespace EmailFunctions.Telemetry;

/// <summary>Counts the calls that say the key-encryption key can't be used: without it no secret can be read, and no mail be sent.</summary>
/// <param name="inner">Calls it.</param>
/// <param name="meters">Where the count is kept.</param>
internal sealed class CountedKeyWrapper(IKeyWrapper inner, IMeterFactory meters) : IKeyWrapper
{
    private readonly Counter<long> _failures = Create(meters);

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken) =>
        WatchAsync(() => inner.WrapAsync(dataKey, cancellationToken));

    public Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken) =>
        WatchAsync(() => inner.UnwrapAsync(wrapped, cancellationToken));

    public Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken) =>
        WatchAsync(() => inner.ReadNewestAsync(cancellationToken));

    private async Task<T> WatchAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        // What is wrong with one tenant's key alone says nothing about the key-encryption key, and would be counted with each of its mails.
        catch (KeyUnavailableException exception) when (!exception.IsDamage)
        {
            _failures.Add(1);
            throw;
        }
    }

    private static Counter<long> Create(IMeterFactory meters)
    {
        var failures = EmailMeter.Of(meters).CreateCounter<long>("email_key_failures_total", description: "Calls for which the key-encryption key could not be used.");
        // Shown from the first scrape on, so that the first failure is an increase.
        failures.Add(0);
        return failures;
    }
}
