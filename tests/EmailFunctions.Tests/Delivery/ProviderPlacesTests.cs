using System.Text.Json;
using EmailFunctions.Delivery;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Delivery;

public sealed class ProviderPlacesTests(ITestOutputHelper output)
{
    private static readonly TenantId A = Tenant("a");
    private static readonly TenantId B = Tenant("b");
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 12, 1, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(64, 32)]
    [InlineData(16, 8)]
    [InlineData(15, 8)]
    [InlineData(2, 1)]
    [InlineData(1, 1)]
    public void One_tenant_gets_half_of_the_places(int capacity, int held)
    {
        var places = New(capacity);

        Assert.Equal(held, Fill(places, A));
        Assert.Equal(capacity - held, places.Free);
    }

    [Fact]
    public void Tenants_that_fill_up_side_by_side_get_the_same_and_leave_as_much_free()
    {
        foreach (var capacity in new[] { 1, 2, 3, 9, 16, 24, 64, 100 })
        {
            for (var count = 1; count <= capacity; count++)
            {
                var places = New(capacity);
                var tenants = Enumerable.Range(0, count).Select(static number => Tenant($"t{number}")).ToList();
                var held = tenants.ToDictionary(static tenant => tenant, static _ => 0);
                while (tenants.Count > 0)
                    tenants.RemoveAll(tenant => !Entered(places, tenant) || ++held[tenant] == 0);

                Assert.True(places.Free >= capacity / (count + 1), $"{count} tenants leave {places.Free} of {capacity} free.");
                Assert.InRange(held.Values.Max() - held.Values.Min(), 0, 1);
            }
        }
    }

    // What was taken is not taken back: whoever fills up later finds less.
    [Fact]
    public void Tenants_that_fill_up_one_after_the_other_get_half_of_what_is_left_and_one_place_at_least()
    {
        var places = New(64);

        Assert.Equal([32, 16, 8, 4, 2, 1, 1, 1, 1], Enumerable.Range(0, 9).Select(number => Fill(places, Tenant($"t{number}"))));
    }

    [Fact]
    public void Whatever_comes_and_goes_nobody_holds_more_than_is_free_beside_it_when_it_takes_it()
    {
        var random = new Random(Proof.Seed);
        var places = New(24);
        var held = new List<(TenantId Tenant, IDisposable Place)>();
        var tenants = Enumerable.Range(0, 7).Select(static number => Tenant($"t{number}")).ToArray();
        output.WriteLine($"Seed {Proof.Seed}.");
        for (var step = 0; step < Proof.Count(200_000, 10_000); step++)
        {
            var tenant = tenants[Math.Min(random.Next(tenants.Length), random.Next(tenants.Length))];
            if (random.Next(9) < 4 && held.Count > 0)
            {
                var index = random.Next(held.Count);
                held[index].Place.Dispose();
                held.RemoveAt(index);
            }
            else if (MayEnter(places, tenant, held.Count(holder => holder.Tenant == tenant)))
            {
                held.Add((tenant, Enter(places, tenant)));
            }

            Assert.Equal(24 - held.Count, places.Free);
            Assert.InRange(places.Free, -tenants.Length, 24);
        }

        static bool MayEnter(ProviderPlaces places, TenantId tenant, int held)
        {
            var may = held < Math.Max(1, places.Free);
            Assert.Equal(may, Peek(places, tenant));
            return may;
        }
    }

    [Fact]
    public async Task Who_waits_is_let_in_in_the_order_of_coming()
    {
        var places = New(4);
        var first = Enter(places, A);
        var second = Enter(places, A);
        var waiting = Enumerable.Range(0, 3).Select(_ => places.EnterAsync(A, TestContext.Current.CancellationToken).AsTask()).ToList();

        first.Dispose();
        Assert.NotNull(await waiting[0]);
        Assert.False(waiting[1].IsCompleted);
        second.Dispose();
        Assert.NotNull(await waiting[1]);
        Assert.False(waiting[2].IsCompleted);
    }

    [Fact]
    public async Task A_place_goes_to_the_first_who_may_have_it_whoever_gave_it_back()
    {
        // Five of seven are held, so that neither may have more; then one is given back, and two are free for those who hold two.
        var places = New(7);
        var (a, b, c) = (EnterAll(places, A, 2), EnterAll(places, B, 2), EnterAll(places, Tenant("c"), 1));
        var (ofA, ofB) = (places.EnterAsync(A, TestContext.Current.CancellationToken).AsTask(), places.EnterAsync(B, TestContext.Current.CancellationToken).AsTask());

        c[0].Dispose();

        Assert.NotNull(await ofA);
        Assert.False(ofB.IsCompleted);
        Assert.Equal(2, places.Free);
        a[0].Dispose();
        Assert.NotNull(await ofB);
        Assert.Equal(2, b.Count);
    }

    [Fact]
    public void A_place_that_is_given_back_twice_counts_once()
    {
        var places = New(4);
        var place = Enter(places, A);

        place.Dispose();
        place.Dispose();

        Assert.Equal(4, places.Free);
    }

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
    public async Task Who_is_cancelled_while_waiting_has_no_place()
    {
        var places = New(2);
        using var cancelled = new CancellationTokenSource();
        var held = Enter(places, A);
        var waiting = places.EnterAsync(A, cancelled.Token).AsTask();

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Dispose();

        Assert.Equal(2, places.Free);
        Assert.Equal(0, places.Tenants);
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
    public void What_it_keeps_is_bounded_by_the_places_and_by_those_who_are_put_off()
    {
        var places = New(16);
        for (var number = 0; number < 2_000; number++)
            Enter(places, Tenant($"t{number}")).Dispose();
        Assert.Equal(0, places.Tenants);

        for (var number = 0; number < 200; number++)
            places.Reserve(Tenant($"t{number}"));
        Assert.Equal(200, places.Tenants);
        _time.Advance(ProviderPlaces.Horizon);
        var held = Enumerable.Range(0, 300).Select(number => Enter(places, Tenant($"u{number}"))).ToList();
        held.ForEach(static place => place.Dispose());

        Assert.InRange(places.Tenants, 0, 200);
        for (var number = 0; number < 500; number++)
            places.Reserve(Tenant($"v{number}"));
        Assert.InRange(places.Tenants, 500, 501);
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

    [Fact]
    public async Task Any_number_of_threads_give_back_all_that_they_take()
    {
        var places = new ProviderPlaces(new PlaceSettings(16), TimeProvider.System, NullLogger<ProviderPlaces>.Instance);
        var most = 0;

        await Parallel.ForEachAsync(Enumerable.Range(0, 5_000), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken }, async (number, token) =>
        {
            using var place = await places.EnterAsync(Tenant($"t{number % 3}"), token);
            most = Math.Max(most, 16 - places.Free);
            await Task.Yield();
        });

        Assert.InRange(most, 1, 16);
        Assert.Equal(16, places.Free);
        Assert.Equal(0, places.Tenants);
    }

    [Fact]
    public void An_instance_has_as_many_places_as_the_host_gives_it_messages()
    {
        using var file = JsonDocument.Parse(Repository.Read("src/EmailFunctions/host.json"));

        Assert.Equal(file.RootElement.GetProperty("extensions").GetProperty("serviceBus").GetProperty("maxConcurrentCalls").GetInt32(), PlaceSettings.Hosted.Capacity);
    }

    private ProviderPlaces New(int capacity) => new(new PlaceSettings(capacity), _time, NullLogger<ProviderPlaces>.Instance);

    private static IDisposable Enter(ProviderPlaces places, TenantId tenant)
    {
        var entering = places.EnterAsync(tenant, CancellationToken.None);
        Assert.True(entering.IsCompletedSuccessfully);
        return entering.AsTask().Result!;
    }

    private static List<IDisposable> EnterAll(ProviderPlaces places, TenantId tenant, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Enter(places, tenant))];

    // Asks without staying.
    private static bool Peek(ProviderPlaces places, TenantId tenant)
    {
        using var cancelled = new CancellationTokenSource();
        var entering = places.EnterAsync(tenant, cancelled.Token).AsTask();
        var entered = entering.IsCompleted;
        if (entered)
            entering.Result?.Dispose();
        cancelled.Cancel();
        return entered;
    }

    private static bool Entered(ProviderPlaces places, TenantId tenant)
    {
        var free = places.Free;
        var entering = places.EnterAsync(tenant, CancellationToken.None).AsTask();
        return entering.IsCompleted && places.Free < free;
    }

    // How many places it gets.
    private static int Fill(ProviderPlaces places, TenantId tenant)
    {
        var held = 0;
        while (Entered(places, tenant))
            held++;
        return held;
    }

    private static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    private sealed class Lines : ILogger<ProviderPlaces>
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}
