namespace EmailFunctions.Tests.RealServers;

/// <summary>The real clock, which counts the timers that are set anew.</summary>
internal sealed class StepClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TimeSpan, int> _set = [];

    /// <summary>Waits until a timer was set to a time so many times.</summary>
    public async Task WaitForTimerAsync(TimeSpan time, int times)
    {
        for (var tries = 0; CountOf(time) < times; tries++)
        {
            Assert.True(tries < 3000, $"The timer was set {CountOf(time)} times.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, dueTime, period), this);

    private int CountOf(TimeSpan time)
    {
        lock (_lock)
            return _set.GetValueOrDefault(time);
    }

    private sealed class Timer(ITimer inner, StepClock clock) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
                clock._set[dueTime] = clock._set.GetValueOrDefault(dueTime) + 1;
            return inner.Change(dueTime, period);
        }

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
