using EmailFunctions.Delivery;
using EmailFunctions.Tenants;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Delivery;

/// <summary>Who finds no place at a slow server is put off.</summary>
public sealed partial class ProviderPlacesTests
{
    [Fact]
    public async Task Waiting_ends_when_the_server_is_slow_by_what_was_seen_then()
    {
        var places = New(2);
        using var held = Enter(places, A);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        var waiting = places.EnterAsync(A, TestContext.Current.CancellationToken).AsTask();

        _time.Advance(TimeSpan.FromSeconds(1.5) - Moment);
        Assert.False(waiting.IsCompleted);
        _time.Advance(Moment);

        Assert.Null(await waiting);
        Assert.Null(await places.EnterAsync(A, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Nobody_is_put_off_while_the_server_is_not_slow_or_there_is_room()
    {
        var places = New(4);
        using var one = Enter(places, A);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(places.TryReserve(A, isNew: true, default));
        using var two = Enter(places, B);
        using var three = Enter(places, B);

        Assert.Null(places.TryReserve(B, isNew: true, default));
        _time.Advance(ProviderPlaces.Slow - Moment);
        Assert.Null(places.TryReserve(B, isNew: true, default));
        _time.Advance(Moment);
        Assert.NotNull(places.TryReserve(B, isNew: true, default));
        Assert.Null(places.TryReserve(Tenant("c"), isNew: true, default));
    }

    [Fact]
    public void One_call_that_hangs_beside_quick_ones_puts_nobody_off()
    {
        var places = New(64);
        EnterAll(places, A, 8);
        _time.Advance(TimeSpan.FromMinutes(3));
        EnterAll(places, A, 24);

        Assert.False(Peek(places, A));
        Assert.Null(places.TryReserve(A, isNew: true, default));
        _time.Advance(ProviderPlaces.Slow);
        Assert.NotNull(places.TryReserve(A, isNew: true, default));
    }

    [Fact]
    public void Times_are_reserved_one_after_the_other_at_the_pace_of_the_calls_under_way()
    {
        var places = New(8);
        EnterAll(places, A, 4);
        _time.Advance(TimeSpan.FromSeconds(8));
        var now = _time.GetUtcNow();

        var times = Enumerable.Range(0, 4).Select(_ => places.TryReserve(A, isNew: true, default) - now).ToList();

        Assert.Equal([8, 10, 12, 14], times.Select(static time => time!.Value.TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(16), places.Reserve(A) - now);
    }

    [Fact]
    public void Nothing_is_reserved_for_what_comes_later_anyway()
    {
        var places = New(2);
        using var held = Enter(places, A);
        _time.Advance(TimeSpan.FromSeconds(4));
        var now = _time.GetUtcNow();

        Assert.Null(places.TryReserve(A, isNew: true, now + TimeSpan.FromSeconds(4)));
        Assert.Equal(now + TimeSpan.FromSeconds(4), places.TryReserve(A, isNew: true, now + TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public void A_copy_reserves_once_however_often_its_row_is_looked_at()
    {
        var places = New(2);
        using var held = Enter(places, A);
        _time.Advance(TimeSpan.FromSeconds(4));
        var reservation = new PlaceReservation(places, A, isNew: true);

        Assert.Equal(reservation.FullUntil(), reservation.FullUntil());
        Assert.Equal(TimeSpan.FromSeconds(8), places.Reserve(A) - _time.GetUtcNow());
    }

    [Fact]
    public void Newcomers_dont_take_the_places_of_those_who_were_put_off_as_long_as_the_server_is_slow()
    {
        var places = New(8);
        var held = EnterAll(places, A, 4);
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.NotNull(places.TryReserve(A, isNew: true, default));
        held[0].Dispose();

        Assert.NotNull(places.TryReserve(A, isNew: true, default));
        Assert.Null(places.TryReserve(A, isNew: false, default));

        held.ForEach(static place => place.Dispose());
        Assert.Null(places.TryReserve(A, isNew: true, default));
    }

    [Theory]
    [InlineData(64, 50)]
    [InlineData(64, 500)]
    [InlineData(16, 500)]
    [InlineData(2, 20)]
    public void While_a_server_hangs_a_message_is_put_off_about_ten_times_at_most_and_each_time_for_longer(int capacity, int messages)
    {
        var places = New(capacity);
        Fill(places, A);
        _time.Advance(ProviderPlaces.Slow);
        var end = _time.GetUtcNow() + TimeSpan.FromMinutes(4);
        var putsOff = new int[messages];
        var coming = new PriorityQueue<int, DateTimeOffset>(Enumerable.Range(0, messages).Select(message => (message, _time.GetUtcNow())));
        while (coming.TryDequeue(out var message, out var at) && at < end)
        {
            _time.Advance(at - _time.GetUtcNow());
            var next = places.TryReserve(A, isNew: putsOff[message]++ == 0, default);
            Assert.InRange(next!.Value - at, TimeSpan.FromSeconds(1), ProviderPlaces.Horizon);
            coming.Enqueue(message, next.Value);
        }

        output.WriteLine($"{messages} messages, {capacity} places: put off {putsOff.Average():F1} times, {putsOff.Max()} at most.");
        Assert.InRange(putsOff.Max(), 1, 10);
    }

    [Fact]
    public void The_log_names_the_tenant_once_a_minute()
    {
        var log = new Lines();
        var places = new ProviderPlaces(new PlaceSettings(16), _time, log);
        EnterAll(places, A, 8);
        _time.Advance(ProviderPlaces.Slow);
        for (var number = 0; number < 100; number++)
            places.TryReserve(A, isNew: true, default);

        Assert.Equal("The provider of tenant a is slow: 8 of 16 places are held by its mail, and the rest of it is put off.", Assert.Single(log.Messages));
        _time.Advance(TimeSpan.FromMinutes(1));
        places.TryReserve(A, isNew: true, default);
        Assert.Equal(2, log.Messages.Count);
    }

    private sealed class Lines : ILogger<ProviderPlaces>
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}
