using System.Threading.Channels;

namespace EmailFunctions.Tests.Simulation;

/// <summary>What the service may await without leaving the simulation's thread.</summary>
public sealed class SimThreadTests
{
    private readonly SimLoop _loop = new(seed: 1);

    [Fact]
    public void A_source_that_continues_asynchronously()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.After(TimeSpan.FromSeconds(1), source.SetResult);

        AssertStays(() => source.Task);
    }

    [Fact]
    public void A_semaphore_without_a_token_that_can_be_cancelled()
    {
        using var semaphore = new SemaphoreSlim(0);
        _loop.After(TimeSpan.FromSeconds(1), () => semaphore.Release());

        AssertStays(() => semaphore.WaitAsync(CancellationToken.None));
    }

    [Fact]
    public void A_channel()
    {
        var channel = Channel.CreateUnbounded<int>();
        _loop.After(TimeSpan.FromSeconds(1), () => channel.Writer.TryWrite(1));

        AssertStays(async () => await channel.Reader.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public void All_of_many_tasks_and_any_of_them()
    {
        var clock = new SimClock(_loop.Main);

        AssertStays(() => Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.WhenAny(DelayAsync(1), DelayAsync(2)))));

        async Task DelayAsync(int seconds) => await Task.Delay(TimeSpan.FromSeconds(seconds), clock);
    }

    private void AssertStays(Func<Task> wait)
    {
        var thread = 0;

        _loop.Run(async () =>
        {
            await wait();
            thread = Environment.CurrentManagedThreadId;
        });

        Assert.Equal((Environment.CurrentManagedThreadId, TimeSpan.FromSeconds(1)), (thread, _loop.Elapsed));
    }
}
