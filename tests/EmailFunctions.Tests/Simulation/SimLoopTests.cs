namespace EmailFunctions.Tests.Simulation;

public sealed class SimLoopTests
{
    private readonly SimLoop _loop = new(seed: 1);

    [Fact]
    public void Tasks_interleave_by_the_seed_and_by_nothing_else()
    {
        var traces = Enumerable.Range(0, 20).Select(Interleaved).ToList();

        Assert.Equal(traces, Enumerable.Range(0, 20).Select(Interleaved));
        Assert.True(traces.Distinct().Count() > 10);
    }

    [Fact]
    public void Time_jumps_to_the_next_timer_once_nothing_is_ready()
    {
        var times = new List<TimeSpan>();
        _loop.Main.Start(() => PauseAsync(5));
        _loop.Main.Start(() => PauseAsync(2));

        _loop.RunUntil(() => times.Count == 2);

        Assert.Equal([TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)], times);
        Assert.Equal(SimLoop.Epoch.AddSeconds(5), _loop.UtcNow);

        async Task PauseAsync(int seconds)
        {
            await _loop.Main.Pause(TimeSpan.FromSeconds(seconds));
            times.Add(_loop.Elapsed);
        }
    }

    [Fact]
    public void Running_for_a_time_ends_at_that_time_with_all_done_that_was_due()
    {
        var done = 0;
        foreach (var seconds in new[] { 1, 10, 11 })
            _loop.After(TimeSpan.FromSeconds(seconds), () => done++);

        _loop.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal((2, TimeSpan.FromSeconds(10)), (done, _loop.Elapsed));

        _loop.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal((3, TimeSpan.FromSeconds(20)), (done, _loop.Elapsed));
    }

    [Fact]
    public void What_is_due_at_one_time_comes_in_any_order()
    {
        var traces = Enumerable.Range(0, 20).Select(static seed =>
        {
            var loop = new SimLoop(seed);
            var trace = "";
            foreach (var name in new[] { "a", "b", "c" })
                loop.After(TimeSpan.FromSeconds(1), () => trace += name);
            loop.RunFor(TimeSpan.FromSeconds(1));
            return trace;
        });

        Assert.True(traces.Distinct().Count() > 3);
    }

    [Fact]
    public void A_task_that_fails_fails_the_run_and_names_the_seed()
    {
        _loop.Main.Start(async () =>
        {
            await _loop.Main.Pause();
            throw new InvalidOperationException("Broken.");
        });

        var failure = Assert.Throws<SimFailure>(() => _loop.RunUntil(static () => false));

        Assert.Contains("Broken. Seed 1,", failure.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(failure.InnerException);
    }

    [Fact]
    public void A_run_in_which_nothing_more_can_happen_fails() =>
        Assert.Contains("Seed 1,", Assert.Throws<SimFailure>(() => _loop.Run(static () => new TaskCompletionSource().Task)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_run_that_never_ends_fails()
    {
        var failure = Assert.Throws<SimFailure>(() => _loop.Run(
            async () =>
            {
                while (true)
                    await _loop.Main.Pause();
            },
            maxSteps: 100));

        Assert.Contains("100 steps. Seed 1,", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_that_comes_back_from_another_thread_fails_the_run()
    {
        var failure = Assert.Throws<SimFailure>(() => _loop.Run(() =>
        {
            var stray = new Thread(() => _loop.Main.Post(static _ => { }, null));
            stray.Start();
            stray.Join();
            return Task.CompletedTask;
        }));

        Assert.Contains("thread", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_a_killed_process_runs_again()
    {
        var doomed = new SimContext(_loop, "doomed");
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (trace, kills) = (new List<string>(), 0);
        doomed.Killed = () => kills++;
        doomed.Start(() => ThenAsync("ready", async () => await doomed.Pause(TimeSpan.FromSeconds(1))));
        doomed.Start(() => ThenAsync("later", async () => await doomed.Pause(TimeSpan.FromSeconds(2))));
        doomed.Start(() => ThenAsync("timer", () => Task.Delay(TimeSpan.FromSeconds(2), new SimClock(doomed))));
        doomed.Start(() => ThenAsync("answered", () => source.Task));
        _loop.RunUntil(() => trace.Count == 1);

        doomed.Kill();
        doomed.Kill();
        doomed.Start(() => ThenAsync("started", static () => Task.CompletedTask));
        source.SetResult();
        _loop.RunFor(TimeSpan.FromSeconds(10));

        Assert.Equal(["ready"], trace);
        Assert.Equal(1, kills);

        async Task ThenAsync(string name, Func<Task> wait)
        {
            await wait();
            trace.Add(name);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_process_can_be_killed_at_any_of_its_steps(int steps)
    {
        var doomed = new SimContext(_loop, "doomed");
        var taken = 0;
        doomed.KillAfterSteps(steps);
        doomed.Start(async () =>
        {
            while (true)
            {
                taken++;
                await doomed.Pause();
            }
        });

        _loop.RunUntil(() => doomed.IsKilled);

        Assert.Equal(steps, taken);
    }

    private static string Interleaved(int seed)
    {
        var loop = new SimLoop(seed);
        var trace = "";
        foreach (var name in new[] { "a", "b", "c" })
            loop.Main.Start(() => StepAsync(name));
        loop.RunUntil(() => trace.Length == 9);
        return $"{trace} {loop.Digest}";

        async Task StepAsync(string name)
        {
            for (var step = 0; step < 3; step++)
            {
                trace += name;
                await Task.Yield();
            }
        }
    }
}
