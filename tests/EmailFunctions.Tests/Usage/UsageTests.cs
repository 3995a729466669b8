using System.Globalization;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Usage;

public sealed class UsageTests
{
    [Fact]
    public async Task Sums_are_exact_and_periods_half_open()
    {
        await using var bench = new DeliveryBench();
        await WriteAsync(bench, "2026-01-01T00:00:00.000Z", cost: 0.0001m);
        await WriteAsync(bench, "2026-01-31T23:59:59.999Z", cost: 0.0002m, provider: "file", success: false);
        await WriteAsync(bench, "2026-02-01T00:00:00.000Z", cost: 7m);
        await WriteAsync(bench, "2025-12-31T23:59:59.999Z", cost: 7m);

        var report = await ReadAsync(bench, "2026-01-01", "2026-02-01", UsageGrouping.Day);

        Assert.Equal((2, 1, 1, 50m), (report.TotalEmails, report.SuccessfulEmails, report.FailedEmails, report.SuccessRate));
        Assert.Equal(1, report.RateLimitHits);
        Assert.Equal(0.0003m, report.TotalCostUsd);
        Assert.Equal(0.0001m, report.CostByProvider["smtp"]);
        Assert.Equal((1, 1), (report.EmailsByProvider["smtp"], report.EmailsByProvider["file"]));
        Assert.Equal(100m, report.AverageDurationMs);
        Assert.Equal(2, report.Series.Count);
    }

    [Fact]
    public async Task A_thousand_tenths_of_a_cent_are_a_dollar()
    {
        await using var bench = new DeliveryBench();
        for (var row = 0; row < 1_000; row++)
            await WriteAsync(bench, "2026-01-05T00:00:00.000Z", cost: 0.001m);

        Assert.Equal(1m, (await ReadAsync(bench, "2026-01-01", "2026-02-01", UsageGrouping.Month)).TotalCostUsd);
    }

    [Theory]
    [InlineData(UsageGrouping.Day, "2026-01-01,2026-01-04,2026-01-05,2026-01-12")]
    [InlineData(UsageGrouping.Week, "2026-01-01,2026-01-05,2026-01-12")]
    [InlineData(UsageGrouping.Month, "2026-01-01")]
    public async Task Weeks_begin_on_Monday_and_the_first_group_with_the_period(UsageGrouping grouping, string starts)
    {
        await using var bench = new DeliveryBench();
        foreach (var day in new[] { "2026-01-01", "2026-01-04", "2026-01-05", "2026-01-12" })
            await WriteAsync(bench, day + "T12:00:00.000Z", cost: 0);

        var report = await ReadAsync(bench, "2026-01-01", "2026-02-01", grouping);

        Assert.Equal(starts, string.Join(',', report.Series.Select(static point => point.PeriodStart.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))));
        Assert.Equal(4, report.Series.Sum(static point => point.TotalEmails));
    }

    [Fact]
    public async Task The_route_shows_the_last_thirty_days_unless_told_otherwise()
    {
        await using var service = ServiceHost.Start();
        await service.WaitForAsync(await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com","b@example.com"],"subject":"a","body":"b"}"""), "sent");

        var usage = await service.GetAsync("/api/v1/email/configs/acme/usage?group_by=week");
        var before = await service.GetAsync("/api/v1/email/configs/acme/usage?start_date=2020-01-01&end_date=2020-01-31");

        Assert.Equal((1, 2), (usage["total_emails"]!.GetValue<int>(), usage["total_recipients"]!.GetValue<int>()));
        var (start, end) = (usage["period_start"]!.GetValue<DateTimeOffset>(), usage["period_end"]!.GetValue<DateTimeOffset>());
        Assert.InRange((end - start).TotalDays, 30, 30 + (1 / 24.0));
        Assert.Equal(0, before["total_emails"]!.GetValue<int>());
        Assert.Equal(new DateTimeOffset(2020, 2, 1, 0, 0, 0, TimeSpan.Zero), before["period_end"]!.GetValue<DateTimeOffset>());
    }

    private static async Task WriteAsync(DeliveryBench bench, string at, decimal cost, string provider = "smtp", bool success = true)
    {
        var row = new UsageRow(
            DeliveryBench.Tenant, Guid.NewGuid().ToString("N"), DateTimeOffset.Parse(at, CultureInfo.InvariantCulture), provider, success, 1, cost, TimeSpan.FromMilliseconds(100), WasLimited: !success);
        Assert.True((await bench.Table.WriteAsync([row.ToWrite()], TestContext.Current.CancellationToken)).IsDone);
    }

    private static async Task<UsageReport> ReadAsync(DeliveryBench bench, string start, string end, UsageGrouping grouping) => UsageReport.Of(
        await bench.Get<UsageReader>().ReadAsync(DeliveryBench.Tenant, new UsagePeriod(Day(start), Day(end), grouping), TestContext.Current.CancellationToken));

    private static DateTimeOffset Day(string text) => DateTimeOffset.Parse(text + "T00:00:00Z", CultureInfo.InvariantCulture);
}
