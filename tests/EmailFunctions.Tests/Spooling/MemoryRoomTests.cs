using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Spooling;

public sealed class MemoryRoomTests
{
    private const long Longest = 26_214_400;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _clock = new();
    private readonly MemoryRoom _room;

    public MemoryRoomTests() => _room = new MemoryRoom(Wait, _clock);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Short_texts_need_no_room()
    {
        using var all = await _room.TakeAsync(Longest, Cancellation);

        for (var count = 0; count < 1_000; count++)
            Assert.NotNull(await _room.TakeAsync(MemoryRoom.FreeBytes, Cancellation));
    }

    [Fact]
    public async Task Of_the_longest_texts_one_at_a_time_gets_in_and_of_shorter_ones_several()
    {
        var half = await _room.TakeAsync(Longest / 2, Cancellation);
        var other = await _room.TakeAsync(Longest / 2, Cancellation);
        var longest = _room.TakeAsync(Longest, Cancellation).AsTask();

        half.Dispose();
        Assert.False(longest.IsCompleted);
        other.Dispose();
        (await longest).Dispose();
    }

    [Fact]
    public async Task A_text_longer_than_all_room_takes_all_of_it()
    {
        var first = await _room.TakeAsync(2 * Longest, Cancellation);
        var second = _room.TakeAsync(2 * Longest, Cancellation).AsTask();

        Assert.False(second.IsCompleted);
        first.Dispose();
        await second;
    }

    [Fact]
    public async Task Whoever_came_first_gets_in_first()
    {
        var first = await _room.TakeAsync(Longest, Cancellation);
        var longest = _room.TakeAsync(Longest, Cancellation).AsTask();
        var shorter = _room.TakeAsync(2 * MemoryRoom.FreeBytes, Cancellation).AsTask();

        first.Dispose();
        var lease = await longest;
        Assert.False(shorter.IsCompleted);
        lease.Dispose();
        await shorter;
    }

    [Fact]
    public async Task Without_room_in_time_the_text_is_told_to_come_again()
    {
        using var first = await _room.TakeAsync(Longest, Cancellation);
        var second = _room.TakeAsync(Longest, Cancellation).AsTask();

        _clock.Advance(Wait);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => second);
    }

    [Fact]
    public async Task Whoever_gives_up_keeps_nobody_out()
    {
        using var patience = new CancellationTokenSource();
        var first = await _room.TakeAsync(Longest / 2, Cancellation);
        var longest = _room.TakeAsync(Longest, patience.Token).AsTask();
        var half = _room.TakeAsync(Longest / 2, Cancellation).AsTask();
        Assert.False(half.IsCompleted);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => longest);
        (await half).Dispose();
        first.Dispose();
        (await _room.TakeAsync(Longest, Cancellation)).Dispose();
    }

    [Fact]
    public async Task Room_that_is_given_back_twice_counts_once()
    {
        var first = await _room.TakeAsync(Longest / 2, Cancellation);
        first.Dispose();
        first.Dispose();
        using var all = await _room.TakeAsync(Longest, Cancellation);

        Assert.False(_room.TakeAsync(2 * MemoryRoom.FreeBytes, Cancellation).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Many_at_once_never_have_more_than_there_is_and_all_get_in()
    {
        var (held, most) = (0L, 0L);
        await Task.WhenAll(Enumerable.Range(1, 200).Select(number => Task.Run(
            async () =>
            {
                var bytes = MemoryRoom.FreeBytes + (number * 50_000L);
                using var lease = await _room.TakeAsync(bytes, Cancellation);
                var now = Interlocked.Add(ref held, bytes);
                InterlockedMax(ref most, now);
                await Task.Yield();
                Interlocked.Add(ref held, -bytes);
            },
            Cancellation)));

        Assert.InRange(most, 1, Longest);
        (await _room.TakeAsync(Longest, Cancellation)).Dispose();
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Interlocked.Read(ref most); value > seen && Interlocked.CompareExchange(ref most, value, seen) != seen;)
            seen = Interlocked.Read(ref most);
    }
}
