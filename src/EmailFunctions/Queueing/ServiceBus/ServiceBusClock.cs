namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>Time, limits and waits of the adapter.</summary>
/// <param name="time">The service's time.</param>
/// <param name="times">How long things may take.</param>
/// <param name="random">At least 0, less than 1.</param>
internal sealed class ServiceBusClock(TimeProvider time, ServiceBusTimes times, Func<double> random)
{
    // Timers of .NET end at about 49 days.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    public ServiceBusTimes Times => times;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>How long to wait before a token that ends then is renewed.</summary>
    public TimeSpan UntilRenewal(DateTimeOffset expiresAt)
    {
        var wait = expiresAt - Now - times.RenewBefore - (times.RenewJitter * random());
        return wait < times.RenewAtLeast ? times.RenewAtLeast : wait < LongestDelay ? wait : LongestDelay;
    }

    /// <summary>How long to wait after a failed attempt, 1 being the first. Random over the upper half, so that callers spread out.</summary>
    public TimeSpan PauseAfter(int attempt, ServiceBusFailure failure)
    {
        var first = failure == ServiceBusFailure.Busy ? times.BusyPause : times.Pause;
        return first * Math.Pow(2, attempt - 1) * (0.5 + (random() / 2));
    }

    public Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.Delay(delay, time, cancellationToken);

    /// <summary>Is cancelled with the other, or when the time is up.</summary>
    public Limit Limit(TimeSpan duration, CancellationToken other) => new(duration, time, other);
}

/// <summary>A limit of time, and a caller who may leave before.</summary>
internal sealed class Limit : IDisposable
{
    private readonly CancellationTokenSource _time;
    private readonly CancellationTokenSource _both;

    public Limit(TimeSpan duration, TimeProvider time, CancellationToken other)
    {
        _time = new CancellationTokenSource(duration, time);
        _both = CancellationTokenSource.CreateLinkedTokenSource(_time.Token, other);
    }

    public CancellationToken Token => _both.Token;

    public void Dispose()
    {
        _both.Dispose();
        _time.Dispose();
    }
}
