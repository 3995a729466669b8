using EmailFunctions.Sending;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Sending;

public sealed class IdempotencySweepTests
{
    [Fact]
    public async Task A_key_is_removed_once_it_is_remembered_no_more_and_not_before()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync(key: "key");
        bench.Clock.Advance(TimeSpan.FromHours(25) - TimeSpan.FromSeconds(1));

        Assert.Equal(new SweepRun(0, true), await SweepAsync(bench));
        Assert.Single(await bench.RowsAsync("idem-"));
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new SweepRun(1, true), await SweepAsync(bench));

        Assert.Empty(await bench.RowsAsync("idem-"));
    }

    [Fact]
    public async Task Keys_of_all_tenants_are_swept_and_young_ones_stay()
    {
        await using var bench = new DeliveryBench();
        for (var number = 0; number < 250; number++)
            await bench.AcceptAsync(key: $"old {number}", tenant: number % 2 == 0 ? DeliveryBench.Tenant : TenantId.System);
        bench.Clock.Advance(TimeSpan.FromHours(25));
        await bench.AcceptAsync(key: "young");

        Assert.Equal(250, (await SweepAsync(bench)).Count);

        Assert.Single(await bench.RowsAsync("idem-"));
    }

    [Fact]
    public async Task A_key_that_is_used_again_while_the_sweep_reads_stays()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync(key: "again");
        await bench.AcceptAsync(key: "gone");
        bench.Clock.Advance(TimeSpan.FromHours(25));
        var isUsed = false;
        // Between the sweep's reading and its deletion, which is the first write since.
        bench.Table.OnWrite = _ =>
        {
            if (!isUsed)
            {
                isUsed = true;
                bench.Table.OnWrite = static _ => TableFault.None;
                Task.Run(() => bench.AcceptAsync(key: "again")).GetAwaiter().GetResult();
            }

            return TableFault.None;
        };

        Assert.Equal(1, (await SweepAsync(bench)).Count);

        Assert.Equal(bench.Clock.GetUtcNow(), IdempotencyRows.Read(Assert.Single(await bench.RowsAsync("idem-"))).AcceptedAt);
    }

    [Fact]
    public async Task A_sweep_stops_at_its_bound_and_another_process_goes_on_from_there()
    {
        await using var bench = new DeliveryBench();
        var tenants = new TenantDirectory(bench.Table, bench.Clock);
        for (var number = 0; number < IdempotencySweep.MaxPages; number++)
            await tenants.EnterAsync(Tenant($"a{number:D3}"), TestContext.Current.CancellationToken);
        await bench.AcceptAsync(key: "key", tenant: Tenant("z"));
        bench.Clock.Advance(TimeSpan.FromDays(2));

        // Each tenant costs a page.
        Assert.Equal(new SweepRun(0, false), await SweepAsync(bench));
        bench.Table.ResetCounts();
        Assert.Equal(new SweepRun(1, true), await SweepAsync(bench));

        // The position, then the tenants from there on and the one that is left.
        Assert.Equal((1, 2), (bench.Table.Reads, bench.Table.Queries));
    }

    [Fact]
    public async Task A_sweep_stops_within_a_tenant_and_goes_on_behind_the_row_that_it_read_last()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync(key: "key");
        var young = Enumerable.Range(0, (IdempotencySweep.MaxPages + 1) * EntityLimits.MaxPageSize)
            .Select(number => IdempotencyRows.Insert(new EntityKey(DeliveryBench.Tenant.Partition, $"idem-{number:D8}"), new IdempotencyRecord("acme~1", "", bench.Clock.GetUtcNow() + TimeSpan.FromDays(3))));
        foreach (var chunk in young.Chunk(EntityLimits.MaxBatchEntities))
            await bench.Table.WriteAsync(chunk, TestContext.Current.CancellationToken);
        bench.Clock.Advance(TimeSpan.FromDays(2));

        var first = await SweepAsync(bench);
        bench.Table.ResetCounts();
        var second = await SweepAsync(bench);

        Assert.Equal((false, true, 1), (first.IsComplete, second.IsComplete, first.Count + second.Count));
        Assert.InRange(bench.Table.Queries, 2, 4);
    }

    private static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    // Its own object each time, as in another process.
    private static Task<SweepRun> SweepAsync(DeliveryBench bench) =>
        new IdempotencySweep(
            bench.Table, new TenantDirectory(bench.Table, bench.Clock), bench.Get<SweepPositions>(), bench.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<IdempotencySweep>.Instance)
        .RunAsync(TestContext.Current.CancellationToken);
}
