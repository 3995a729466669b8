using EmailFunctions.Audit;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static EmailFunctions.Tests.Audit.AuditBench;

namespace EmailFunctions.Tests.Audit;

public sealed class AuditRetentionTests
{
    private const int Days = 30;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_goes_once_it_is_old_enough_and_not_before()
    {
        await using var bench = new DeliveryBench();
        await bench.WriteAsync([Row(DeliveryBench.Tenant, 1, bench.Clock.GetUtcNow())]);
        bench.Clock.Advance(TimeSpan.FromDays(Days));

        Assert.Equal(new SweepRun(0, true), await bench.Retention(Days).RunAsync(Cancelled));
        bench.Clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(new SweepRun(1, true), await bench.Retention(Days).RunAsync(Cancelled));

        Assert.Empty(await bench.RowsAsync(AuditRow.Prefix));
    }

    [Fact]
    public async Task With_zero_days_rows_are_kept_for_ever_and_nothing_is_read()
    {
        await using var bench = new DeliveryBench();
        await bench.WriteAsync([Row(DeliveryBench.Tenant, 1, bench.Clock.GetUtcNow().AddYears(-20))]);
        bench.Table.ResetCounts();

        Assert.Equal(new SweepRun(0, true), await bench.Retention(0).RunAsync(Cancelled));

        Assert.Equal(0, bench.Table.Transactions);
        Assert.Single(await bench.RowsAsync(AuditRow.Prefix));
    }

    [Theory]
    [InlineData(null, 90.0)]
    [InlineData("0", null)]
    [InlineData("7", 7.0)]
    public async Task The_setting_says_for_how_long(string? days, double? expected)
    {
        await using var bench = new DeliveryBench(days is null ? null : new Dictionary<string, string> { ["EMAIL_AUDIT_RETENTION_DAYS"] = days });

        Assert.Equal(expected, bench.Get<AuditSettings>().Retention?.TotalDays);
        Assert.Contains(bench.Get<IEnumerable<ISweep>>(), static sweep => sweep is AuditRetentionSweep);
    }

    [Fact]
    public async Task A_run_stops_at_its_bound_and_another_process_goes_on_from_there()
    {
        await using var bench = new DeliveryBench();
        for (var number = 0; number < AuditRetentionSweep.MaxPages; number++)
            await bench.Get<TenantDirectory>().EnterAsync(TenantOf($"a{number:D3}"), Cancelled);
        await bench.WriteAsync([Row(TenantOf("z"), 1, bench.Clock.GetUtcNow().AddYears(-1))]);

        // Each tenant costs a page.
        Assert.Equal(new SweepRun(0, false), await bench.Retention(Days).RunAsync(Cancelled));
        bench.Table.ResetCounts();
        Assert.Equal(new SweepRun(1, true), await bench.Retention(Days).RunAsync(Cancelled));

        // The position, then the tenants from there on and the one that is left.
        Assert.Equal((1, 2), (bench.Table.Reads, bench.Table.Queries));
    }

    [Fact]
    public async Task Whatever_write_a_process_dies_at_the_next_run_finishes_and_no_young_row_is_lost()
    {
        await using var bench = new DeliveryBench();
        var deaths = 0;
        foreach (var fault in (TableFault[])[TableFault.Before, TableFault.After])
        {
            for (var write = 1; ; write++)
            {
                await FillAsync(bench);
                if (!await DiesAsync(bench, write, fault))
                    break;
                deaths++;
                Assert.True((await bench.Retention(Days).RunAsync(Cancelled)).IsComplete);
                await AssertOnlyYoungAsync(bench, $"{fault} write {write}");
            }
        }

        // Three batches of each of two tenants, before and after.
        Assert.Equal(12, deaths);
    }

    [Fact]
    public async Task Runs_at_once_end_with_the_same_rows_as_one()
    {
        await using var bench = new DeliveryBench();
        await FillAsync(bench);

        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => bench.Retention(Days).RunAsync(Cancelled))));

        Assert.All(runs, static run => Assert.True(run.IsComplete));
        Assert.Equal(500, runs.Sum(static run => run.Count));
        await AssertOnlyYoungAsync(bench, "at once");
    }

    private static async Task<bool> DiesAsync(DeliveryBench bench, int write, TableFault fault)
    {
        bench.Table.ResetCounts();
        bench.Table.OnWrite = number => number == write ? fault : TableFault.None;
        try
        {
            await bench.Retention(Days).RunAsync(Cancelled);
            return false;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
        finally
        {
            bench.Table.OnWrite = static _ => TableFault.None;
        }
    }

    private static Task FillAsync(DeliveryBench bench) => bench.WriteAsync(
        from tenant in (string[])["a", "b"]
        from number in Enumerable.Range(0, 300)
        select Row(TenantOf(tenant), number, number < 250 ? bench.Clock.GetUtcNow().AddDays(-Days - 1).AddSeconds(-number) : bench.Clock.GetUtcNow().AddDays(-1).AddSeconds(number)));

    private static async Task AssertOnlyYoungAsync(DeliveryBench bench, string when)
    {
        foreach (var tenant in (string[])["a", "b"])
        {
            var left = (await bench.ReadAllAsync(TenantOf(tenant))).Select(Number).Order().ToList();
            Assert.True(left.SequenceEqual(Enumerable.Range(250, 50)), $"{when}: {left.Count} rows of {tenant} are left.");
        }
    }
}
