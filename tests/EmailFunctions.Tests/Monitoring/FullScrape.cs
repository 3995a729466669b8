using System.Diagnostics;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Monitoring;

/// <summary>A scrape of a running service after mail went every way: every metric is in it. Made once for all tests.</summary>
internal static class FullScrape
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Lazy<Task<Scrape>> Made = new(MakeAsync);

    public static Task<Scrape> GetAsync() => Made.Value;

    private static async Task<Scrape> MakeAsync()
    {
        await using var sink = SmtpSink.Start();
        await using var refusing = SmtpSink.Start(new SmtpSinkOptions { Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply("550 5.1.1 no such user")) });
        await using var service = ServiceHost.Start();
        await service.Client.UseSinkAsync("paying", sink.Port, ""","cost_per_email_usd":0.01,"monthly_budget_usd":5,"daily_quota":100""");
        await service.Client.UseSinkAsync("refused", refusing.Port);
        await service.Client.ConfigureAsync("limited", """{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":1}""");
        await service.Client.WaitForStatusAsync(await service.AcceptAsync(Message("paying")), "sent");
        await service.Client.WaitForStatusAsync(await service.AcceptAsync(Message("refused")), "failed");
        await service.Client.WaitForStatusAsync(await service.AcceptAsync(Message("limited")), "sent");
        await service.Client.WaitForStatusAsync(await service.AcceptAsync(Message("limited")), "deferred");
        // Spend is what the roll-ups have; the timer would make them within half a minute.
        await service.Services.GetRequiredService<UsageRollupSweep>().RunAsync(TestContext.Current.CancellationToken);
        // The only one that a test does not wait for.
        service.Services.GetRequiredService<DeliveryMetrics>().Attempted(TenantId.System, "smtp", DeliveryMetrics.Slow + TimeSpan.FromSeconds(1), error: null);

        // A message is counted just after its status can be read.
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            var scrape = await Scrape.OfAsync(service.Client);
            var statuses = scrape.Values("email_delivery_total", "status");
            if (statuses.Count == 3)
                return scrape;
            Assert.True(waiting.Elapsed < Patience, $"Only {string.Join(", ", statuses)} were counted.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static string Message(string tenant) => $$"""{"tenant_id":"{{tenant}}","to":["you@example.com"],"subject":"Hello","body":"Hello."}""";
}
