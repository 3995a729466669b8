using System.Diagnostics.Metrics;
using EmailFunctions.Access;
using EmailFunctions.Configs;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

public sealed class ConfigCacheTests
{
    private static TenantId Tenant => DeliveryBench.Tenant;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_first_readers_at_once_cause_one_read_and_the_rest_are_hits()
    {
        await using var bench = new DeliveryBench();
        using var counts = new CacheCounts(bench.Get<IMeterFactory>());
        await SaveAsync(bench, "first@example.com");
        bench.Table.ResetCounts();
        using var gate = new ManualResetEventSlim();
        bench.Table.OnRead = () => gate.Wait(Cancelled);

        var readers = Enumerable.Range(0, 50).Select(_ => Task.Run(() => bench.Get<ConfigCache>().GetAsync(Tenant, Cancelled).AsTask())).ToList();
        gate.Set();
        var configs = await Task.WhenAll(readers);

        Assert.All(configs, static config => Assert.Equal("first@example.com", config!.Fields.FromEmail));
        Assert.Equal(1, bench.Table.Reads);
        Assert.Equal((49, 1), (counts.Hits, counts.Misses));
    }

    [Fact]
    public async Task A_change_is_seen_by_the_next_read()
    {
        await using var bench = new DeliveryBench();
        await SaveAsync(bench, "first@example.com");
        await bench.Get<ConfigCache>().GetAsync(Tenant, Cancelled);

        await SaveAsync(bench, "second@example.com");

        Assert.Equal("second@example.com", (await bench.Get<ConfigCache>().GetAsync(Tenant, Cancelled))!.Fields.FromEmail);
    }

    [Fact]
    public async Task That_there_is_none_is_kept_too()
    {
        await using var bench = new DeliveryBench();
        Assert.Null(await bench.Get<ConfigCache>().GetAsync(Tenant, Cancelled));
        bench.Table.ResetCounts();

        Assert.Null(await bench.Get<ConfigCache>().GetAsync(Tenant, Cancelled));

        Assert.Equal(0, bench.Table.Reads);
    }

    [Fact]
    public async Task A_load_that_was_under_way_during_a_change_does_not_bring_the_old_value_back()
    {
        await using var bench = new DeliveryBench();
        await SaveAsync(bench, "old@example.com");
        var cache = bench.Get<ConfigCache>();
        // The load has read the old row when the change is written and the cache told of it.
        var changed = false;
        bench.Table.AfterRead = async () =>
        {
            if (changed)
                return;
            changed = true;
            await SaveAsync(bench, "new@example.com");
        };
        await cache.GetAsync(Tenant, Cancelled);

        Assert.Equal("new@example.com", (await cache.GetAsync(Tenant, Cancelled))!.Fields.FromEmail);
    }

    [Fact]
    public async Task A_reader_that_asks_after_a_change_does_not_join_a_load_from_before_it()
    {
        await using var bench = new DeliveryBench();
        await SaveAsync(bench, "old@example.com");
        var cache = bench.Get<ConfigCache>();
        var read = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        bench.Table.AfterRead = () => read.TrySetResult() ? release.Task : Task.CompletedTask;
        var early = cache.GetAsync(Tenant, Cancelled).AsTask();
        await read.Task.WaitAsync(Cancelled);

        await SaveAsync(bench, "new@example.com");
        var late = cache.GetAsync(Tenant, Cancelled).AsTask();
        release.SetResult();
        await early;

        Assert.Equal("new@example.com", (await late)!.Fields.FromEmail);
        Assert.Equal("new@example.com", (await cache.GetAsync(Tenant, Cancelled))!.Fields.FromEmail);
    }

    private static Task SaveAsync(DeliveryBench bench, string sender) => bench.Get<ConfigService>().ReplaceAsync(
        Tenant, new ConfigFields { ProviderType = "file", FromEmail = sender }, expectedETag: null, Caller.Desk, Cancelled);

    private sealed class CacheCounts : IDisposable
    {
        private readonly MeterListener _listener = new();
        private int _hits;
        private int _misses;

        // Of this service alone: others run in this process at the same time.
        public CacheCounts(IMeterFactory meters)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Name.StartsWith("email_config_cache_", StringComparison.Ordinal))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
                Interlocked.Add(ref instrument.Name == "email_config_cache_hits_total" ? ref _hits : ref _misses, (int)value));
            _listener.Start();
        }

        public int Hits => _hits;

        public int Misses => _misses;

        public void Dispose() => _listener.Dispose();
    }
}
