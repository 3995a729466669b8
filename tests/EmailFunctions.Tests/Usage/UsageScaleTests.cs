using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Usage;

/// <summary>A million rows: what is asked about them is few reads, and right to the cent.</summary>
public sealed class UsageScaleTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Length = TimeSpan.FromDays(31);

    [Fact]
    public async Task A_month_of_a_million_messages_is_at_most_fifty_reads_and_right_to_the_cent()
    {
        var (count, tenant) = (Proof.Count(1_000_000, 50_000), UsageBench.Tenant("acme"));
        output.WriteLine($"PROOF_SEED={Proof.Seed}, {count} rows");
        var random = new Random(Proof.Seed);
        var rows = GeneratedRow.Make(random, count, Start, Length);
        var bench = new UsageBench(new GeneratedUsageTable(new Dictionary<TenantId, GeneratedRow[]> { [tenant] = rows }), Start);
        await bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
        // A run in the middle of each hour or so; what it would not yet see at that time does no harm to what comes after.
        while (bench.Clock.GetUtcNow() < Start + Length - TimeSpan.FromHours(2))
        {
            bench.Clock.Advance(TimeSpan.FromMinutes(random.Next(100, 140)));
            await UsageBench.RunAsync(bench.Rollups);
        }

        bench.Clock.SetUtcNow(Start + Length - TimeSpan.FromMinutes(1));
        await UsageBench.RunAsync(bench.Rollups);

        foreach (var grouping in Enum.GetValues<UsageGrouping>())
        {
            await CheckAsync(new UsagePeriod(Start, Start + Length, grouping));
            await CheckAsync(new UsagePeriod(Start + TimeSpan.FromMinutes(random.Next(1, 1_000)), bench.Clock.GetUtcNow() - TimeSpan.FromMinutes(random.Next(1, 1_000)), grouping));
        }

        async Task CheckAsync(UsagePeriod period)
        {
            bench.Table.ResetCounts();
            var report = UsageReport.Of(await bench.Reader.ReadAsync(tenant, period, TestContext.Current.CancellationToken));
            output.WriteLine($"{period.Grouping} {period.Start:O} to {period.End:O}: {report.TotalEmails} messages in {bench.Table.Transactions} reads");
            Assert.InRange(bench.Table.Transactions, 1, 50);
            var (from, to) = (period.Start.ToUnixTimeMilliseconds(), period.End.ToUnixTimeMilliseconds());
            var expected = rows.Where(row => row.At >= from && row.At < to).ToList();
            Assert.Equal(expected.Count, report.TotalEmails);
            Assert.Equal(expected.Sum(static row => (long)row.Cost), report.TotalCostUsd * 10_000m);
            Assert.Equal(expected.Count(static row => row.Success), report.SuccessfulEmails);
            Assert.Equal(expected.Sum(static row => (long)row.Recipients), report.TotalRecipients);
            for (byte provider = 0; provider < GeneratedRow.Providers.Count; provider++)
                Assert.Equal(expected.Where(row => row.Provider == provider).Sum(static row => (long)row.Cost), report.CostByProvider[GeneratedRow.Providers[provider]] * 10_000m);
            Assert.Equal(report.TotalCostUsd, report.Series.Sum(static point => point.TotalCostUsd));
        }
    }

    [Fact]
    public async Task A_thousand_tenants_are_at_most_two_hundred_reads_and_right_to_the_cent()
    {
        const int Tenants = 1_000;
        var each = Proof.Count(1_000, 50);
        output.WriteLine($"PROOF_SEED={Proof.Seed}, {each} rows of each");
        var random = new Random(Proof.Seed);
        var rows = Enumerable.Range(0, Tenants).ToDictionary(static number => UsageBench.Tenant($"tenant-{number:0000}"), number => GeneratedRow.Make(random, each + (number % 7), Start, Length));
        var bench = new UsageBench(new GeneratedUsageTable(rows), Start + Length - TimeSpan.FromSeconds(1));
        foreach (var tenant in rows.Keys)
        {
            await bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
            await bench.ConfigureAsync(tenant);
        }

        bench.Table.ResetCounts();
        await UsageBench.RunAsync(bench.Rollups);
        output.WriteLine($"rolled up in {bench.Table.Transactions} transactions");
        bench.Table.ResetCounts();
        await UsageBench.RunAsync(bench.Rollups);
        output.WriteLine($"once more in {bench.Table.Transactions} transactions");

        bench.Table.ResetCounts();
        var usage = await bench.Admin.ReadAsync(31, TestContext.Current.CancellationToken);
        output.WriteLine($"usage in {bench.Table.Transactions} reads");
        Assert.InRange(bench.Table.Transactions, 1, 200);
        var all = rows.Values.SelectMany(static tenant => tenant).ToList();
        Assert.Equal((Tenants, Tenants), (usage.TotalTenantsActive, usage.TotalTenantsConfigured));
        Assert.Equal((Start, Start + Length - TimeSpan.FromSeconds(1)), (usage.PeriodStart, usage.PeriodEnd));
        Assert.Equal((all.Count(static row => row.Success), all.Sum(static row => (long)row.Cost)), (usage.TotalEmailsSent, usage.TotalCostUsd * 10_000m));
        Assert.Equal(decimal.Round(usage.TotalCostUsd / usage.TotalEmailsSent, 6), usage.AverageCostPerEmail);
        Assert.Equal(usage.TotalEmailsSent, usage.EmailsByProvider.Values.Sum());
        Assert.Equal(usage.TotalCostUsd, usage.CostByProvider.Values.Sum());
        var top = rows.OrderByDescending(static pair => pair.Value.Count(static row => row.Success)).ThenBy(static pair => pair.Key.Value, StringComparer.Ordinal).Take(10);
        Assert.Equal(
            top.Select(static pair => new TenantCost(pair.Key.Value, pair.Value.Count(static row => row.Success), pair.Value.Sum(static row => (long)row.Cost) / 10_000m)), usage.TopTenants);

        bench.Table.ResetCounts();
        var overview = await bench.Overview.ReadAsync(part: null, TestContext.Current.CancellationToken);
        output.WriteLine($"overview in {bench.Table.Transactions} reads");
        Assert.InRange(bench.Table.Transactions, 1, 10);
        var recent = all.Where(row => row.At >= overview.PeriodStart.ToUnixTimeMilliseconds()).ToList();
        Assert.Equal(
            (rows.Values.Count(tenant => tenant.Any(row => row.At >= overview.PeriodStart.ToUnixTimeMilliseconds())), 100m), (overview.TenantsActive, overview.ConfiguredShare));
        Assert.Equal((Start + Length - TimeSpan.FromDays(1), 24), (overview.PeriodStart, overview.Series.Count));
        Assert.Equal((recent.Count, recent.Sum(static row => (long)row.Cost)), (overview.Total.Sent + overview.Total.Failed, overview.Total.CostUsd * 10_000m));
        Assert.Equal(UsageOverviewReader.MaxTenants + 1, overview.Tenants.Count);
        Assert.Equal(UsageOverviewReader.Others, overview.Tenants[^1].TenantId);
        Assert.Equal(overview.Total.Sent, overview.Tenants.Sum(static tenant => tenant.Figures.Sent));
        Assert.Equal(overview.Total.CostUsd, overview.Tenants.SelectMany(static tenant => tenant.Providers).Sum(static provider => provider.Figures.CostUsd));
        Assert.Equal(overview.Total.Sent, overview.Series.Sum(static hour => hour.Figures.Sent));
        var durations = recent.Select(static row => (double)row.Milliseconds).Order().ToList();
        foreach (var (share, told) in new[] { (0.5, overview.Total.P50Ms), (0.95, overview.Total.P95Ms), (0.99, overview.Total.P99Ms) })
        {
            var exact = durations[(int)Math.Ceiling(share * durations.Count) - 1];
            Assert.InRange(told!.Value, exact * 0.79, exact * 1.26);
        }
    }
}
