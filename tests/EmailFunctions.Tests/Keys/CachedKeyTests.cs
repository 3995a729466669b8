using EmailFunctions.Keys;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys;

public sealed class CachedKeyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void It_takes_the_bytes_over_and_hands_out_copies()
    {
        byte[] bytes = [1, 2, 3];
        var key = new CachedKey(bytes);

        Assert.Equal([0, 0, 0], bytes);
        Assert.True(key.TryCopy(out var copy));
        copy[0] = 9;
        Assert.True(key.TryCopy(out copy));
        Assert.Equal([1, 2, 3], copy);
    }

    [Fact]
    public void Overwritten_it_hands_out_nothing()
    {
        var key = new CachedKey([1, 2, 3]);

        key.Clear();

        Assert.False(key.TryCopy(out _));
    }

    [Fact]
    public async Task A_cache_that_nobody_asks_lets_go_of_a_value_within_a_minute_after_its_time()
    {
        var time = new FakeTimeProvider();
        var gone = new TaskCompletionSource<string>();
        using var cache = new TimedCache<string>(TimeSpan.FromMinutes(5), capacity: 10, time, gone.SetResult);
        await cache.GetOrLoadAsync("key", static () => Task.FromResult("value"), Cancellation);

        time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(gone.Task.IsCompleted);
        time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal("value", await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
    }

    [Fact]
    public async Task A_cache_that_is_closed_lets_go_of_all()
    {
        var gone = new TaskCompletionSource<string>();
        var cache = new TimedCache<string>(TimeSpan.FromMinutes(5), capacity: 10, new FakeTimeProvider(), gone.SetResult);
        await cache.GetOrLoadAsync("key", static () => Task.FromResult("value"), Cancellation);
        cache.Dispose();
        cache.Dispose();

        Assert.Equal("value", await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
    }
}
