using System.Text.Json.Nodes;
using EmailFunctions.Admin;
using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Admin;

/// <summary>Health over all active configurations.</summary>
public sealed class FleetHealthTests
{
    [Fact]
    public async Task Every_active_configuration_is_checked_and_no_sample_of_them()
    {
        await using var bench = new DeliveryBench();
        for (var number = 0; number < 150; number++)
            await bench.SaveConfigAsync($"t{number:D3}", number % 3 == 0 ? "smtp" : "file", number % 10 == 0 ? ",\"is_active\":false" : "");
        bench.Primary.Health = ProbeResult.Unhealthy(ErrorCategory.Auth, "535 wrong password");

        var report = await bench.ReadAdminAsync("health");

        // 50 are of the unhealthy provider, 5 of them among the 15 that are not active.
        Assert.Equal((135, 135, 90), (Number(report, "total_configs"), Number(report, "total_checks"), Number(report, "healthy_count")));
        Assert.Equal(66.67, report["health_percentage"]!.GetValue<double>());
        Assert.Equal((false, false, 0), (Flag(report, "overall_healthy"), Flag(report, "partial"), Number(report, "not_checked")));
        Assert.Equal(135, report.Texts("checks", "tenant_id").Distinct().Count());
        Assert.DoesNotContain("t010", report.Texts("checks", "tenant_id"));
    }

    [Fact]
    public async Task Without_any_configuration_all_is_well()
    {
        await using var bench = new DeliveryBench();

        var report = await bench.ReadAdminAsync("health");

        Assert.Equal((true, 100, 0), (Flag(report, "overall_healthy"), Number(report, "health_percentage"), Number(report, "total_configs")));
    }

    [Fact]
    public async Task Providers_are_probed_once_in_half_a_minute_however_often_a_dashboard_asks()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bench.ReadAdminAsync("health")));
        await bench.Client.GetStringAsync(new Uri("/api/v1/email/configs/acme/health", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((1, 1), (bench.Primary.Probes, bench.Fallback.Probes));
    }

    [Fact]
    public async Task Providers_that_hang_hold_up_nobody_else_and_the_answer_comes_in_time_and_says_what_is_missing()
    {
        await using var bench = new DeliveryBench();
        const int Hanging = 3 * FleetHealth.Places;
        for (var number = 0; number < Hanging; number++)
            await bench.SaveConfigAsync($"a{number:D3}", "smtp");
        for (var number = 0; number < 20; number++)
            await bench.SaveConfigAsync($"z{number:D3}");
        bench.Primary.DuringProbe = static () => new TaskCompletionSource().Task;
        var start = bench.Clock.GetUtcNow();

        var asking = bench.ReadAdminAsync("health");
        // Who hangs gives its place away after a while; the clock goes on once that has been seen.
        for (var group = 1; group <= 3; group++)
        {
            await Waiting.UntilAsync(() => Task.FromResult(bench.Primary.Probes >= group * FleetHealth.Places));
            await AdvanceUntilAsync(bench, FleetHealth.PlaceTime, () => bench.Provider.Probes == 20 || bench.Primary.Probes > group * FleetHealth.Places);
        }

        await Waiting.UntilAsync(() => Task.FromResult(bench.Provider.Probes == 20));
        Assert.False(asking.IsCompleted);
        bench.Clock.Advance(start + FleetHealth.WholeTime - bench.Clock.GetUtcNow());
        var report = await asking.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal((Hanging + 20, 20, 20), (Number(report, "total_configs"), Number(report, "total_checks"), Number(report, "healthy_count")));
        Assert.Equal((false, true, Hanging), (Flag(report, "overall_healthy"), Flag(report, "partial"), Number(report, "not_checked")));
        Assert.All(report.Texts("checks", "tenant_id"), static tenant => Assert.StartsWith("z", tenant, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_whose_secrets_can_not_be_opened_is_unhealthy_and_the_others_are_checked()
    {
        await using var bench = new DeliveryBench();
        await bench.SaveConfigAsync("acme", "smtp");
        await bench.SaveConfigAsync("bravo");
        var row = (await bench.Table.GetAsync(new EntityKey("configs", "acme"), TestContext.Current.CancellationToken))!;
        row["secret_smtp_password"] = new byte[40];
        await bench.Table.WriteAsync([EntityWrite.Put(row)], TestContext.Current.CancellationToken);

        var report = await bench.ReadAdminAsync("health");

        Assert.Equal((2, 1, 0), (Number(report, "total_checks"), Number(report, "healthy_count"), Number(report, "not_checked")));
        var check = report["checks"]![0]!;
        Assert.Equal(("acme", "smtp", false), (check["tenant_id"]!.GetValue<string>(), check["provider"]!.GetValue<string>(), check["healthy"]!.GetValue<bool>()));
        Assert.Contains(nameof(KeyUnavailableException), check["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    // A step of the clock may come before somebody looks at it, who then needs the next one.
    private static async Task AdvanceUntilAsync(DeliveryBench bench, TimeSpan step, Func<bool> holds)
    {
        for (var steps = 0; !holds() && steps < 3; steps++)
        {
            bench.Clock.Advance(step);
            for (var looks = 0; !holds() && looks < 100; looks++)
                await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static int Number(JsonObject report, string field) => (int)report[field]!.GetValue<double>();

    private static bool Flag(JsonObject report, string field) => report[field]!.GetValue<bool>();
}
