using System.Text.Json.Nodes;
using EmailFunctions.Providers;
using EmailFunctions.Telemetry;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

/// <summary>What is told of a provider's health, by probes and by real mail.</summary>
public sealed class ConfigHealthTests
{
    private const string Path = "/api/v1/email/configs/acme/health";

    [Fact]
    public async Task Each_provider_of_a_tenant_is_probed_and_named()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync(""","fallback_to_system":true""");
        bench.Fallback.Health = ProbeResult.Unhealthy(ErrorCategory.Auth, "535 wrong password");

        var health = await ReadAsync(bench);

        Assert.False(health["overall_healthy"]!.GetValue<bool>());
        Assert.Equal(
            [("smtp", true, "healthy", null), ("console", false, "unhealthy", "535 wrong password"), ("file", true, "healthy", null)],
            Checks(health));
    }

    [Fact]
    public async Task A_probe_is_kept_for_half_a_minute_and_shared_by_those_who_ask_together()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ReadAsync(bench)));

        Assert.Equal(1, bench.Primary.Probes);
        Assert.Equal(1, bench.Fallback.Probes);
    }

    [Fact]
    public async Task A_changed_configuration_is_probed_anew()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        await ReadAsync(bench);
        await bench.RouteAsync();
        await ReadAsync(bench);

        Assert.Equal(2, bench.Primary.Probes);
    }

    [Fact]
    public async Task An_account_that_can_not_be_probed_is_judged_by_real_mail()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Health = ProbeResult.Limited("a key for sending only");

        Assert.Equal(("smtp", true, "limited", null), Checks(await ReadAsync(bench))[0]);
        bench.Primary.Answer = static _ => SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "revoked");
        await bench.DispatchAsync(await bench.AcceptAsync());

        Assert.Equal(("smtp", false, "limited", "a key for sending only"), Checks(await ReadAsync(bench))[0]);
    }

    [Fact]
    public async Task The_metric_shows_what_probes_and_real_mail_found()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused");
        await bench.DispatchAsync(await bench.AcceptAsync());
        Assert.Equal([("console", "acme", 1), ("smtp", "acme", 0)], await MeasureAsync(bench));

        // A healthy probe says that it is back.
        await ReadAsync(bench);
        Assert.Equal([("console", "acme", 1), ("smtp", "acme", 1)], await MeasureAsync(bench));

        // What is wrong with a message says nothing about the provider.
        bench.Primary.Answer = static _ => SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, "spam");
        await bench.DispatchAsync(await bench.AcceptAsync());
        Assert.Equal([("console", "acme", 1), ("smtp", "acme", 1)], await MeasureAsync(bench));

        // Nothing new was heard for long.
        bench.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Empty(await MeasureAsync(bench));
    }

    private static async Task<JsonObject> ReadAsync(DeliveryBench bench) =>
        JsonNode.Parse(await bench.Client.GetStringAsync(new Uri(Path, UriKind.Relative), TestContext.Current.CancellationToken))!.AsObject();

    private static List<(string Provider, bool Healthy, string Status, string? Error)> Checks(JsonObject health) =>
        [.. health["checks"]!.AsArray().Select(static check => (check!["provider"]!.GetValue<string>(), check["healthy"]!.GetValue<bool>(), check["status"]!.GetValue<string>(), check["error"]?.GetValue<string>()))];

    private static async Task<List<(string Provider, string Tenant, int Value)>> MeasureAsync(DeliveryBench bench)
    {
        bench.Clock.Advance(StoredGauges.Lifetime);
        var metrics = await Scrape.OfAsync(bench.Client);
        return [.. from provider in metrics.Values("email_provider_health", "provider")
                   from tenant in metrics.Values("email_provider_health", "tenant_id")
                   let value = metrics.Sum("email_provider_health", $"provider={provider}", $"tenant_id={tenant}")
                   where value is not null
                   select (provider, tenant, (int)value.Value) into measured
                   orderby measured
                   select measured];
    }
}
