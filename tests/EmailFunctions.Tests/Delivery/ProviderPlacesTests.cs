using System.Text.Json;
using EmailFunctions.Delivery;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Delivery;

public sealed partial class ProviderPlacesTests(ITestOutputHelper output)
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
}
