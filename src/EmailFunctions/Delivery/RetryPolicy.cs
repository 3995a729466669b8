using EmailFunctions.Messages;

namespace EmailFunctions.Delivery;

/// <summary>How often and when a failed attempt is repeated.</summary>
/// <param name="MaxAttempts">Failed attempts in all, 1 or more.</param>
/// <param name="BaseDelay">Upper bound of the first wait.</param>
/// <param name="MaxDelay">Upper bound of any wait.</param>
/// <param name="MaxAge">A message that failed is not tried again once its first attempt is longer ago than this.</param>
public sealed record RetrySettings(int MaxAttempts, TimeSpan BaseDelay, TimeSpan MaxDelay, TimeSpan MaxAge);

/// <summary>A source of randomness, so that a test can choose it.</summary>
public interface IRandom
{
    /// <summary>At least 0, less than 1.</summary>
    double NextDouble();
}

/// <summary>The random numbers of the runtime.</summary>
internal sealed class SystemRandom : IRandom
{
#pragma warning disable RS0030 // The one place that takes them.
    public double NextDouble() => Random.Shared.NextDouble();
#pragma warning restore RS0030
}

/// <summary>
/// Exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): a wait is random between
/// nothing and a bound that doubles, so that messages that failed together don't come back together.
/// </summary>
public sealed class RetryPolicy(RetrySettings settings, IRandom random)
{
    /// <summary>Whether a message that failed is tried again.</summary>
    public bool MayRetry(LedgerEntry entry, DateTimeOffset now) =>
        entry.Failures < settings.MaxAttempts && now - (entry.FirstAttemptAt ?? now) < settings.MaxAge;

    /// <summary>The wait after the given number of failures; longer if the provider asks for that.</summary>
    public TimeSpan DelayAfter(int failures, TimeSpan? retryAfter)
    {
        var bound = Math.Min(settings.BaseDelay.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 30)), settings.MaxDelay.TotalSeconds);
        var wait = TimeSpan.FromSeconds(bound * random.NextDouble());
        return retryAfter is { } asked && asked > wait ? asked : wait;
    }
}
