using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys;

public sealed class DataKeyCacheTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly LocalKeyWrapper _local = new(new byte[LocalKeyWrapper.KeyBytes]);
    private readonly CountingKeyWrapper _wrapper;
    private readonly DataKeyCache _cache;

    public DataKeyCacheTests()
    {
        _wrapper = new CountingKeyWrapper(_local);
        _cache = new DataKeyCache(_wrapper, _time);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _cache.Dispose();
        _local.Dispose();
    }

    [Fact]
    public async Task A_new_key_is_random_and_unwraps_to_itself()
    {
        var (one, wrapped) = await _cache.CreateAsync(Cancellation);
        var (other, _) = await _cache.CreateAsync(Cancellation);

        Assert.Equal(DataKeyCache.KeyBytes, one.Length);
        Assert.NotEqual(one, other);
        Assert.Equal(one, await _cache.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task Readers_that_come_during_an_unwrap_share_it()
    {
        var (key, wrapped) = await _cache.CreateAsync(Cancellation);
        var gate = new TaskCompletionSource();
        _wrapper.BeforeUnwrap = () => gate.Task;

        Task<byte[]>[] readers = [.. Enumerable.Range(0, 50).Select(_ => _cache.UnwrapAsync(wrapped, Cancellation))];
        Assert.DoesNotContain(readers, static reader => reader.IsCompleted);
        gate.SetResult();

        Assert.All(await Task.WhenAll(readers), read => Assert.Equal(key, read));
        Assert.Equal(1, _wrapper.Unwraps);
    }

    [Fact]
    public async Task Readers_that_miss_at_the_same_instant_share_one_unwrap()
    {
        using var time = new MeetingTime(readers: 2);
        using var cache = new DataKeyCache(_wrapper, time);
        var (key, wrapped) = await cache.CreateAsync(Cancellation);

        var reads = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () => cache.UnwrapAsync(wrapped, Cancellation), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));

        Assert.All(reads, read => Assert.Equal(key, read));
        Assert.Equal(1, _wrapper.Unwraps);
    }

    [Fact]
    public async Task A_key_is_unwrapped_again_after_its_lifetime_and_not_before()
    {
        var (_, wrapped) = await _cache.CreateAsync(Cancellation);
        await _cache.UnwrapAsync(wrapped, Cancellation);

        // A read does not prolong the life of what is read.
        for (var step = 0; step < 4; step++)
        {
            _time.Advance(DataKeyCache.Lifetime / 5);
            await _cache.UnwrapAsync(wrapped, Cancellation);
        }

        Assert.Equal(1, _wrapper.Unwraps);
        _time.Advance(DataKeyCache.Lifetime / 5);
        await _cache.UnwrapAsync(wrapped, Cancellation);
        Assert.Equal(2, _wrapper.Unwraps);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_unwrap_is_tried_again_at_the_next_read(bool thrownByTheCallItself)
    {
        var (key, wrapped) = await _cache.CreateAsync(Cancellation);
        _wrapper.BeforeUnwrap = () => thrownByTheCallItself
            ? throw new KeyUnavailableException("The vault is away.")
            : Task.FromException(new KeyUnavailableException("The vault is away."));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => _cache.UnwrapAsync(wrapped, Cancellation));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => _cache.UnwrapAsync(wrapped, Cancellation));
        Assert.Equal(2, _wrapper.Unwraps);

        _wrapper.BeforeUnwrap = null;

        Assert.Equal(key, await _cache.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task A_reader_that_gives_up_does_not_take_the_unwrap_from_the_others()
    {
        var (key, wrapped) = await _cache.CreateAsync(Cancellation);
        var gate = new TaskCompletionSource();
        _wrapper.BeforeUnwrap = () => gate.Task;
        using var givesUp = new CancellationTokenSource();
        var first = _cache.UnwrapAsync(wrapped, givesUp.Token);
        var second = _cache.UnwrapAsync(wrapped, Cancellation);

        await givesUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();

        Assert.Equal(key, await second);
        Assert.Equal(1, _wrapper.Unwraps);
    }

    [Fact]
    public async Task Keys_do_not_share_their_places_in_the_cache()
    {
        var (one, wrappedOne) = await _cache.CreateAsync(Cancellation);
        var (other, wrappedOther) = await _cache.CreateAsync(Cancellation);

        Assert.Equal(one, await _cache.UnwrapAsync(wrappedOne, Cancellation));
        Assert.Equal(other, await _cache.UnwrapAsync(wrappedOther, Cancellation));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => _cache.UnwrapAsync(wrappedOne with { KeyId = "another" }, Cancellation));
    }

    /// <summary>
    /// The cache asks for the time when it looks an entry up and when it stores one. Readers that are made to meet there do both
    /// steps together, which chance would hardly let them; one that is kept away by a lock is not waited for long.
    /// </summary>
    private sealed class MeetingTime(int readers) : TimeProvider, IDisposable
    {
        private readonly Barrier _meeting = new(readers);

        public override DateTimeOffset GetUtcNow()
        {
            _meeting.SignalAndWait(TimeSpan.FromMilliseconds(200));
            return DateTimeOffset.UnixEpoch;
        }

        public void Dispose() => _meeting.Dispose();
    }
}
