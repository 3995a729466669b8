namespace EmailFunctions.Tests.Simulation;

public sealed class SimClockTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly SimLoop _loop = new(seed: 1);
    private readonly SimClock _clock;

    public SimClockTests() => _clock = new SimClock(_loop.Main, TimeSpan.FromMilliseconds(-300));

    [Fact]
    public void A_clock_is_wrong_by_its_offset_and_measures_right()
    {
        var started = _clock.GetTimestamp();

        _loop.RunFor(90 * Second);

        Assert.Equal(_loop.UtcNow.AddMilliseconds(-300), _clock.GetUtcNow());
        Assert.Equal(90 * Second, _clock.GetElapsedTime(started));
    }

    [Fact]
    public void A_delay_takes_its_time()
    {
        _loop.Run(() => Task.Delay(4 * Second, _clock));

        Assert.Equal(4 * Second, _loop.Elapsed);
    }

    [Fact]
    public void A_delay_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        _loop.After(Second, cancellation.Cancel);

        _loop.Run(() => Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(4 * Second, _clock, cancellation.Token)));

        Assert.Equal(Second, _loop.Elapsed);
    }

    [Fact]
    public void A_source_is_cancelled_after_its_time()
    {
        using var timeout = new CancellationTokenSource(2 * Second, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, TestContext.Current.CancellationToken);

        _loop.Run(() => Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(4 * Second, _clock, either.Token)));

        Assert.Equal(2 * Second, _loop.Elapsed);
    }

    [Fact]
    public void A_wait_ends_with_its_task_or_with_its_time()
    {
        _loop.Run(() => Task.Delay(Second, _clock).WaitAsync(2 * Second, _clock, CancellationToken.None));
        Assert.Equal(Second, _loop.Elapsed);

        _loop.Run(() => Assert.ThrowsAsync<TimeoutException>(() => Task.Delay(4 * Second, _clock, CancellationToken.None).WaitAsync(2 * Second, _clock, CancellationToken.None)));
        Assert.Equal(3 * Second, _loop.Elapsed);
    }

    [Fact]
    public void A_periodic_timer_ticks_until_it_is_disposed()
    {
        using var timer = new PeriodicTimer(3 * Second, _clock);
        var ticks = new List<TimeSpan>();
        _loop.After(10 * Second, timer.Dispose);

        _loop.Run(async () =>
        {
            while (await timer.WaitForNextTickAsync())
                ticks.Add(_loop.Elapsed);
        });

        Assert.Equal([3 * Second, 6 * Second, 9 * Second], ticks);
    }

    [Fact]
    public void A_timer_that_was_changed_forgets_its_former_setting()
    {
        var ticks = new List<TimeSpan>();
        using var timer = _clock.CreateTimer(_ => ticks.Add(_loop.Elapsed), null, Second, Second);
        _loop.RunFor(2 * Second);
        Assert.True(timer.Change(5 * Second, Timeout.InfiniteTimeSpan));
        _loop.RunFor(60 * Second);

        Assert.Equal([Second, 2 * Second, 7 * Second], ticks);
    }

    [Fact]
    public void A_timer_that_was_disposed_does_not_tick_and_moves_no_time()
    {
        var timer = _clock.CreateTimer(static _ => Assert.Fail("It ticked."), null, Second, Second);
        var later = _clock.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Second);
        timer.Dispose();

        Assert.Throws<SimFailure>(() => _loop.RunUntil(static () => false));
        Assert.False(timer.Change(Second, Second));
        Assert.Equal(TimeSpan.Zero, _loop.Elapsed);
        later.Dispose();
    }
}
