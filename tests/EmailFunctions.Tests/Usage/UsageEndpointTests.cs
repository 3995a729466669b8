using System.Net;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Usage;

public sealed class UsageEndpointTests
{
    private const string Path = "/api/v1/email/configs/acme/usage";

    [Theory]
    [InlineData("text/csv", true)]
    [InlineData("text/*", true)]
    [InlineData("text/csv, application/json;q=0.9", true)]
    [InlineData("text/csv;q=0.5, application/json", false)]
    [InlineData("*/*", false)]
    [InlineData("text/html", false)]
    public async Task Csv_is_for_whoever_would_rather_have_it(string accept, bool isCsv)
    {
        await using var bench = new DeliveryBench();
        await WriteAsync(bench, "smtp", cost: 0.0012m);
        await WriteAsync(bench, "aws_ses", cost: 0.5m);
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Accept.ParseAdd(accept);

        using var answer = await bench.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(isCsv ? "text/csv" : "application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains("Accept", answer.Headers.Vary);
        if (isCsv)
        {
            Assert.Equal(
                "period_start,provider,total_emails,successful_emails,failed_emails,total_recipients,total_cost_usd,rate_limit_hits,average_duration_ms\r\n" +
                "2026-11-24T00:00:00.000Z,aws_ses,1,1,0,1,0.5,0,100\r\n2026-11-24T00:00:00.000Z,smtp,1,1,0,1,0.0012,0,100\r\n",
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("smtp", "smtp")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("a\r\nb", "\"a\r\nb\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@a,b", "\"'@a,b\"")]
    public void Cells_are_quoted_and_no_formulas(string text, string cell) => Assert.Equal(cell, UsageCsv.Cell(text));

    [Theory]
    [InlineData("0")]
    [InlineData("367")]
    [InlineData("-1")]
    [InlineData("a")]
    [InlineData("")]
    public async Task Days_are_1_to_366(string days)
    {
        await using var bench = new DeliveryBench();

        using var answer = await bench.Client.GetAsync(new Uri($"/api/v1/admin/email/usage?days={days}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("must be 1 to 366", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_admins_routes_show_what_was_sent()
    {
        await using var service = ServiceHost.Start();
        await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", """{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.25}""");
        await service.WaitForAsync(await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com","b@example.com"],"subject":"a","body":"b"}"""), "sent");
        await service.WaitForAsync(await service.AcceptAsync("""{"to":["a@example.com"],"subject":"a","body":"b"}"""), "sent");
        await service.Services.GetRequiredService<UsageRollupSweep>().RunAsync(TestContext.Current.CancellationToken);

        var usage = await service.GetAsync("/api/v1/admin/email/usage?days=2");
        var overview = await service.GetAsync("/api/v1/admin/email/overview");

        Assert.Equal(
            ["average_cost_per_email", "cost_by_provider", "emails_by_provider", "period_days", "period_end", "period_start", "top_tenants", "total_cost_usd", "total_emails_sent", "total_tenants_active", "total_tenants_configured"],
            usage.Select(static pair => pair.Key).Order(StringComparer.Ordinal));
        Assert.Equal((2, 2, 2, 1, 0.5m, 0.25m), (
            usage["period_days"]!.GetValue<int>(), usage["total_emails_sent"]!.GetValue<int>(), usage["total_tenants_active"]!.GetValue<int>(),
            usage["total_tenants_configured"]!.GetValue<int>(), usage["total_cost_usd"]!.GetValue<decimal>(), usage["average_cost_per_email"]!.GetValue<decimal>()));
        Assert.Equal(("acme", 1), (usage["top_tenants"]![0]!["tenant_id"]!.GetValue<string>(), usage["top_tenants"]![0]!["email_count"]!.GetValue<int>()));
        Assert.Equal((2, 3, 100m), (overview["total"]!["sent"]!.GetValue<int>(), overview["total"]!["recipients"]!.GetValue<int>(), overview["total"]!["success_rate"]!.GetValue<decimal>()));
        Assert.NotNull(overview["total"]!["p99_ms"]);
        Assert.NotNull(overview["rolled_up_at"]);
        Assert.Equal(24, overview["series"]!.AsArray().Count);
        Assert.Equal(2, overview["series"]![23]!["figures"]!["sent"]!.GetValue<int>() + overview["series"]![22]!["figures"]!["sent"]!.GetValue<int>());
        Assert.Equal("file", overview["tenants"]![0]!["providers"]![0]!["provider"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_share_of_tenants_with_a_configuration_of_their_own_is_of_those_that_had_mail()
    {
        var bench = new UsageBench(new MemoryTable(isStrict: true), new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        // Silent ones, those whose configuration is not active, and mail without a tenant are in neither number or only in that of all.
        await bench.ConfigureAsync(UsageBench.Tenant("own"));
        await bench.ConfigureAsync(UsageBench.Tenant("silent"));
        await bench.ConfigureAsync(UsageBench.Tenant("inactive"), isActive: false);
        Assert.Null((await bench.Overview.ReadAsync(part: null, TestContext.Current.CancellationToken)).ConfiguredShare);
        foreach (var tenant in (TenantId[])[UsageBench.Tenant("own"), UsageBench.Tenant("inactive"), UsageBench.Tenant("none"), TenantId.System])
            await AddAsync(bench, tenant);

        await UsageBench.RunAsync(bench.Rollups);

        var overview = await bench.Overview.ReadAsync(part: null, TestContext.Current.CancellationToken);
        Assert.Equal((4, 33.33m), (overview.TenantsActive, overview.ConfiguredShare));
    }

    [Fact]
    public async Task A_tenant_beyond_those_with_the_most_mail_is_found_by_part_of_its_name()
    {
        var bench = new UsageBench(new MemoryTable(isStrict: true), new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        for (var number = 0; number < UsageOverviewReader.MaxTenants + 5; number++)
        {
            await AddAsync(bench, UsageBench.Tenant($"Crowd-{number}"));
            await AddAsync(bench, UsageBench.Tenant($"Crowd-{number}"));
        }

        await AddAsync(bench, UsageBench.Tenant("hermit"));
        await UsageBench.RunAsync(bench.Rollups);

        var all = await bench.Overview.ReadAsync(part: null, TestContext.Current.CancellationToken);
        var found = await bench.Overview.ReadAsync("ERMI", TestContext.Current.CancellationToken);
        var many = await bench.Overview.ReadAsync("crowd", TestContext.Current.CancellationToken);

        Assert.DoesNotContain(all.Tenants, static tenant => tenant.TenantId == "hermit");
        Assert.Equal(("hermit", 1), (Assert.Single(found.Tenants).TenantId, found.Tenants[0].Figures.Sent));
        Assert.Equal((all.Total.Sent, all.TenantsActive), (found.Total.Sent, found.TenantsActive));
        // Of those that are meant there are too many again.
        Assert.Equal((UsageOverviewReader.MaxTenants + 1, UsageOverviewReader.Others, 10), (many.Tenants.Count, many.Tenants[^1].TenantId, many.Tenants[^1].Figures.Sent));
        Assert.Empty((await bench.Overview.ReadAsync("nobody", TestContext.Current.CancellationToken)).Tenants);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task A_part_of_a_name_that_no_tenant_can_have_is_refused(string part)
    {
        await using var bench = new DeliveryBench();

        using var answer = await bench.Client.GetAsync(new Uri($"/api/v1/admin/email/overview?tenant={part}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("must be 1 to 64 characters", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task AddAsync(UsageBench bench, TenantId tenant)
    {
        await bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
        var row = new UsageRow(tenant, Guid.NewGuid().ToString("N"), bench.Clock.GetUtcNow().AddMinutes(-10), "file", Success: true, 1, 0, TimeSpan.FromMilliseconds(100), WasLimited: false);
        Assert.True((await bench.Table.WriteAsync([row.ToWrite()], TestContext.Current.CancellationToken)).IsDone);
    }

    private static async Task WriteAsync(DeliveryBench bench, string provider, decimal cost)
    {
        var row = new UsageRow(
            DeliveryBench.Tenant, Guid.NewGuid().ToString("N"), bench.Clock.GetUtcNow().AddMinutes(-1), provider, Success: true, 1, cost, TimeSpan.FromMilliseconds(100), WasLimited: false);
        Assert.True((await bench.Table.WriteAsync([row.ToWrite()], TestContext.Current.CancellationToken)).IsDone);
    }
}
