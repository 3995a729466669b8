using System.Threading.RateLimiting;

namespace EmailFunctions.Brakes;

/// <summary>
/// Lets so many through at once, and then as many in each period, for each key by itself (a token bucket). What is known of a key that has all of
/// its tokens again is forgotten.
/// </summary>
/// <param name="permits">How many; 0: all.</param>
/// <param name="period">The period.</param>
internal sealed class Brake(int permits, TimeSpan period) : IDisposable
{
    private readonly PartitionedRateLimiter<string>? _limiter = permits == 0
        ? null
        : PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => Options(permits, period)));

    /// <summary>Takes a token of a key.</summary>
    /// <returns>Null: there was one. Else how long until there is.</returns>
    public TimeSpan? Take(string key)
    {
        if (_limiter is null)
            return null;
        using var lease = _limiter.AttemptAcquire(key);
        return lease.IsAcquired ? null : WaitOf(lease);
    }

    /// <summary>The same without taking it. (To acquire none would do with a part of a token, too.)</summary>
    public TimeSpan? Look(string key) => _limiter?.GetStatistics(key) is { CurrentAvailablePermits: 0 } ? Take(key) : null;

    public void Dispose() => _limiter?.Dispose();

    /// <summary>As many tokens as there are permits. They come back one by one where that is at least a second each, else a second's worth at a time.</summary>
    public static TokenBucketRateLimiterOptions Options(int permits, TimeSpan period)
    {
        var atOnce = (int)Math.Ceiling(permits / period.TotalSeconds);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = permits,
            TokensPerPeriod = atOnce,
            ReplenishmentPeriod = period * ((double)atOnce / permits),
            // By the limiter of all keys, which has one timer for them.
            AutoReplenishment = false,
        };
    }

    /// <summary>How long a refusal says to wait; whole seconds, at least one.</summary>
    public static TimeSpan WaitOf(RateLimitLease lease) =>
        TimeSpan.FromSeconds(lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, Math.Ceiling(wait.TotalSeconds)) : 1);
}
