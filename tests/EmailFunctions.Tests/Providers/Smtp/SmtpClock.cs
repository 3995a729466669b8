using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>A clock that only the test moves, which counts how often a timer was set anew: with each step that a connection makes.</summary>
internal sealed class SmtpClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private int _steps;

    public int Steps => Volatile.Read(ref _steps);

    /// <summary>Waits until a connection has made a step since there were so many.</summary>
    public async Task WaitForStepAsync(int since)
    {
        for (var tries = 0; Steps == since; tries++)
        {
            Assert.True(tries < 1000, "No connection made a step.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until no connection makes a step any more.</summary>
    public async Task WaitForStandstillAsync()
    {
        for (var (last, same) = (Steps, 0); same < 10;)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            (last, same) = (Steps, Steps == last ? same + 1 : 0);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(base.CreateTimer(callback, state, dueTime, period), this);

    private sealed class Timer(ITimer inner, SmtpClock clock) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = inner.Change(dueTime, period);
            Interlocked.Increment(ref clock._steps);
            return changed;
        }

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
