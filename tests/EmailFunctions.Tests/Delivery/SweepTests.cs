using System.Text;
using EmailFunctions.Delivery;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

public sealed class SweepTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_lost_hint_is_replaced_once_the_message_is_overdue_by_the_margin_and_not_before()
    {
        await using var bench = new DeliveryBench();
        bench.Queue.IsDown = true;
        await bench.AcceptAsync();
        bench.Queue.IsDown = false;

        bench.Clock.Advance(MessageSweep.Margin);
        Assert.Equal(0, await SweepAsync(bench));
        bench.Clock.Advance(Moment);
        Assert.Equal(1, await SweepAsync(bench));

        Assert.Single(bench.Queue.Messages);
    }

    [Fact]
    public async Task Runs_that_all_fail_half_way_reach_every_tenant_all_the_same()
    {
        const int Tenants = 6;
        await using var bench = new DeliveryBench();
        bench.Queue.IsDown = true;
        for (var number = 0; number < Tenants; number++)
            await bench.AcceptAsync(tenant: TenantId.TryParse($"tenant-{number}", out var tenant) ? tenant : null);
        bench.Queue.IsDown = false;
        bench.Clock.Advance(MessageSweep.Margin + Moment);
        var reads = 0;
        bench.Table.OnRead = () =>
        {
            if (++reads % 4 == 0)
                throw new StoreUnavailableException("A read failed, says the test.");
        };

        for (var run = 0; run < Tenants; run++)
        {
            reads = 0;
            await Record.ExceptionAsync(() => SweepAsync(bench));
        }

        Assert.Equal(Tenants, bench.Queue.Messages.Select(static message => Encoding.UTF8.GetString(message.Body.Span)).Distinct().Count());
    }

    [Fact]
    public async Task A_backlog_gets_fewer_and_fewer_further_hints()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync();

        var hints = 0;
        for (var second = 0; second < 3_600; second += 10)
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(10));
            hints += await SweepAsync(bench);
        }

        Assert.InRange(hints, 4, 8);
    }

    [Fact]
    public async Task What_is_sent_is_not_swept()
    {
        await using var bench = new DeliveryBench();
        await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(0, await SweepAsync(bench));
    }

    [Fact]
    public async Task A_sweep_reads_overdue_messages_and_no_others()
    {
        await using var bench = new DeliveryBench();
        for (var message = 0; message < 20; message++)
            await bench.DispatchAsync(await bench.AcceptAsync());
        bench.Table.ResetCounts();

        await SweepAsync(bench);

        // The list of tenants, and the tenant's range of overdue messages; the tenant's limits.
        Assert.Equal((1, 2, 0), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
    }

    [Fact]
    public async Task A_payload_without_a_message_goes_when_it_is_old_and_one_with_a_message_stays()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync(bodyBytes: 100_000);
        var kept = Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories).Single();
        var orphan = Path.Combine(Path.GetDirectoryName(kept)!, new string('a', 32));
        await File.WriteAllTextAsync(orphan, "x", TestContext.Current.CancellationToken);
        SetAge(bench, kept, TimeSpan.FromHours(2));
        SetAge(bench, orphan, TimeSpan.FromMinutes(59));

        Assert.Equal(new SweepRun(0, true), await bench.Get<PayloadSweep>().RunAsync(TestContext.Current.CancellationToken));
        SetAge(bench, orphan, TimeSpan.FromHours(2));
        Assert.Equal(new SweepRun(1, true), await bench.Get<PayloadSweep>().RunAsync(TestContext.Current.CancellationToken));

        Assert.True(File.Exists(kept));
        Assert.False(File.Exists(orphan));
    }

    [Fact]
    public async Task A_sweep_of_payloads_stops_at_its_bound_and_the_next_one_goes_on()
    {
        await using var bench = new DeliveryBench();
        var folder = Directory.CreateDirectory(Path.Combine(bench.PayloadFolder, DeliveryBench.Tenant.Partition)).FullName;
        for (var number = 0; number < 1_500; number++)
        {
            var orphan = Path.Combine(folder, number.ToString("x32", System.Globalization.CultureInfo.InvariantCulture));
            await File.WriteAllTextAsync(orphan, "x", TestContext.Current.CancellationToken);
            SetAge(bench, orphan, TimeSpan.FromHours(2));
        }

        Assert.Equal(new SweepRun(1_000, false), await bench.Get<PayloadSweep>().RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(new SweepRun(500, true), await bench.Get<PayloadSweep>().RunAsync(TestContext.Current.CancellationToken));

        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_sweep_of_messages_stops_after_a_thousand_tenants_and_the_next_one_goes_on()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync(tenant: Tenant("z"));
        for (var number = 0; number < 1_000; number++)
            await bench.Get<TenantDirectory>().EnterAsync(Tenant($"a{number:D4}"), TestContext.Current.CancellationToken);
        bench.Clock.Advance(MessageSweep.Margin + Moment);

        Assert.Equal(new SweepRun(0, false), await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(new SweepRun(1, true), await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken));
    }

    private static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    private static void SetAge(DeliveryBench bench, string file, TimeSpan age) =>
        File.SetLastWriteTimeUtc(file, (bench.Clock.GetUtcNow() - age).UtcDateTime);

    private static async Task<int> SweepAsync(DeliveryBench bench) =>
        (await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken)).Count;
}
