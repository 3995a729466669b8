namespace EmailFunctions.Tests.Simulation;

/// <summary>The clock of one process: virtual time, wrong by a constant offset. Its timers end with the process.</summary>
internal sealed class SimClock(SimContext context, TimeSpan offset = default) : TimeProvider
{
    public TimeSpan Offset => offset;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => context.Loop.UtcNow + offset;

    public override long GetTimestamp() => context.Loop.Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(context, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>A timer in virtual time.</summary>
internal sealed class SimTimer(SimContext context, TimerCallback callback, object? state) : ITimer
{
    private static readonly SendOrPostCallback OnDue = static timer => ((SimTimer)timer!).Tick();

    private TimeSpan _period;
    private bool _isDisposed;

    /// <summary>Counts the settings: a tick of an earlier one is void.</summary>
    public int Setting { get; private set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, Timeout.InfiniteTimeSpan);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, Timeout.InfiniteTimeSpan);
        if (_isDisposed)
            return false;
        Setting++;
        _period = period;
        if (dueTime >= TimeSpan.Zero)
            Schedule(dueTime);
        return true;
    }

    public void Dispose()
    {
        _isDisposed = true;
        Setting++;
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Schedule(TimeSpan delay) => context.Loop.Schedule(new SimItem(context, OnDue, this, Setting), delay);

    private void Tick()
    {
        if (_period > TimeSpan.Zero)
            Schedule(_period);
        // As on a real timer's thread there is no context: what awaits the tick is posted to its own, and library code that asks for
        // no context goes on right here and not on the thread pool.
        SynchronizationContext.SetSynchronizationContext(null);
        callback(state);
    }
}
