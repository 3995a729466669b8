using EmailFunctions.Functions;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Telemetry;

/// <summary>What the metrics say after mail went its ways; read from <c>/metrics</c>, as Prometheus does.</summary>
public sealed class DeliveryMetricsTests
{
    [Fact]
    public async Task A_message_that_is_sent_counts_once_with_its_recipients_and_their_cost()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.002}""");
        bench.Provider.During = _ => Pass(bench, TimeSpan.FromSeconds(2));
        var id = await bench.AcceptAsync(recipients: 3);
        bench.Clock.Advance(TimeSpan.FromSeconds(7));

        await bench.DispatchAsync(id);

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(1, metrics.Sum("email_delivery_total", "provider=file", "tenant_id=acme", "status=success"));
        Assert.Equal(1, metrics.Sum("email_delivery_total"));
        Assert.Equal(3, metrics.Sum("email_recipients_total", "provider=file", "tenant_id=acme"));
        Assert.Equal(0.006, metrics.Sum("email_cost_usd_total", "provider=file", "tenant_id=acme")!.Value, 12);
        Assert.Equal(2, metrics.Sum("email_delivery_duration_seconds_sum", "provider=file"));
        Assert.Equal(0, metrics.Sum("email_delivery_duration_seconds_bucket", "provider=file", "le=1"));
        Assert.Equal(1, metrics.Sum("email_delivery_duration_seconds_bucket", "provider=file", "le=2.5"));
        // From accepting to the outcome.
        Assert.Equal(9, metrics.Sum("email_queue_processing_duration_seconds_sum", "queue_name=email-dispatch"));
        Assert.Null(metrics.Sum("email_delivery_slow_total"));
        Assert.Null(metrics.Sum("email_provider_errors_total"));
    }

    [Fact]
    public async Task A_call_of_more_than_five_seconds_is_slow_and_one_of_five_is_not()
    {
        await using var bench = new DeliveryBench();
        foreach (var seconds in (double[])[5, 5.001])
        {
            bench.Provider.During = _ => Pass(bench, TimeSpan.FromSeconds(seconds));
            await bench.DispatchAsync(await bench.AcceptAsync());
        }

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(1, metrics.Sum("email_delivery_slow_total", "provider=file"));
        // The bound that the alert on P99 stands on says the same.
        Assert.Equal(1, metrics.Sum("email_delivery_duration_seconds_bucket", "provider=file", "le=5"));
        Assert.Equal(2, metrics.Sum("email_delivery_duration_seconds_count", "provider=file"));
    }

    [Fact]
    public async Task A_message_that_a_limit_puts_off_is_rate_limited_once_and_then_a_success()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":1}""");
        for (var number = 0; number < 3; number++)
            await bench.DispatchAsync(await bench.AcceptAsync());
        var limited = await Scrape.OfAsync(bench.Client);

        await bench.RunQueueAsync(TimeSpan.FromMinutes(10));

        Assert.Equal(2, limited.Sum("email_rate_limit_hits_total", "tenant_id=acme", "limit_type=per_minute"));
        Assert.Equal(2, limited.Sum("email_delivery_total", "provider=file", "tenant_id=acme", "status=rate_limited"));
        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(3, metrics.Sum("email_delivery_total", "status=success"));
        Assert.Equal(2, metrics.Sum("email_delivery_total", "status=rate_limited"));
    }

    [Fact]
    public async Task A_tenant_that_wants_mail_beyond_its_quota_refused_is_seen_to_hit_it()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","daily_quota":1,"over_quota":"reject"}""");
        await bench.DispatchAsync(await bench.AcceptAsync());

        using var refused = await bench.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", """{"tenant_id":"acme","to":["b@example.com"],"subject":"s","body":"b"}""");

        Assert.Equal(System.Net.HttpStatusCode.TooManyRequests, refused.StatusCode);
        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(1, metrics.Sum("email_rate_limit_hits_total", "tenant_id=acme", "limit_type=daily_quota"));
        Assert.Null(metrics.Sum("email_delivery_total", "status=rate_limited"));
    }

    [Fact]
    public async Task A_provider_that_fails_is_counted_by_category_and_the_one_that_sends_instead_by_its_cost()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "421 no");

        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 2));

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(1, metrics.Sum("email_provider_errors_total", "provider=smtp", "tenant_id=acme", "error_category=provider_unavailable"));
        Assert.Equal(1, metrics.Sum("email_delivery_total", "provider=console", "status=success"));
        Assert.Equal(1, metrics.Sum("email_delivery_total"));
        Assert.Equal(0.006, metrics.Sum("email_cost_usd_total", "provider=console")!.Value, 12);
        Assert.Equal(0, metrics.Sum("email_provider_health", "provider=smtp", "tenant_id=acme"));
        Assert.Equal(1, metrics.Sum("email_provider_health", "provider=console", "tenant_id=acme"));
    }

    [Fact]
    public async Task A_message_that_fails_for_good_is_failed_once_whatever_it_took()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static call => call == 1
            ? SendResult.Failed(SendStatus.Permanent, ErrorCategory.Recipient, "550 no")
            : SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no");
        await bench.DispatchAsync(await bench.AcceptAsync());
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        await bench.RunQueueAsync(TimeSpan.FromHours(12));

        Assert.Equal(MessageStatus.DeadLettered, (await bench.ReadAsync(id)).Status);
        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(2, metrics.Sum("email_delivery_total", "status=failed"));
        Assert.Equal(2, metrics.Sum("email_delivery_total"));
        Assert.Equal(1, metrics.Sum("email_provider_errors_total", "error_category=recipient"));
        Assert.Equal((await bench.ReadAsync(id)).Attempts, metrics.Sum("email_provider_errors_total", "error_category=network"));
        Assert.Null(metrics.Sum("email_recipients_total"));
        // Of the two, the one that can be replayed.
        Assert.Equal(1, metrics.Sum("email_dead_letters_total"));
    }

    [Fact]
    public async Task A_message_in_several_calls_counts_once_and_its_recipients_with_each()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.MaxRecipientsPerCall = 2;

        await bench.DispatchAsync(await bench.AcceptAsync(recipients: 5));

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(1, metrics.Sum("email_delivery_total"));
        Assert.Equal(5, metrics.Sum("email_recipients_total"));
        Assert.Equal(3, metrics.Sum("email_delivery_duration_seconds_count"));
    }

    [Fact]
    public async Task Tenants_beyond_the_bound_share_a_series()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_METRICS_MAX_TENANTS"] = "2" });
        foreach (var name in (string[])["a", "b", "c", "d", "a", "c"])
            await bench.DispatchAsync(await bench.AcceptAsync(tenant: TenantOf(name)));

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(["a", "b", TenantLabels.Other], metrics.Values("email_delivery_total", "tenant_id").Order(StringComparer.Ordinal).OrderBy(static name => name == TenantLabels.Other));
        Assert.Equal((2, 1, 3), (metrics.Sum("email_delivery_total", "tenant_id=a"), metrics.Sum("email_delivery_total", "tenant_id=b"), metrics.Sum("email_delivery_total", "tenant_id=_other")));
        Assert.Equal(1, metrics.Sum("email_provider_health", "tenant_id=_other"));
    }

    [Fact]
    public async Task As_many_tenants_as_may_have_series_have_them()
    {
        const int Tenants = 2_500;
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_METRICS_MAX_TENANTS"] = "3000" });
        var counters = bench.Get<DeliveryMetrics>();
        for (var number = 0; number < Tenants; number++)
        {
            foreach (var category in ErrorCategories.All)
                counters.Attempted(TenantOf($"t{number}"), "smtp", duration: null, category);
        }

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal(Tenants, metrics.Values("email_provider_errors_total", "tenant_id").Count);
        Assert.Equal(Tenants * ErrorCategories.All.Count, metrics.Sum("email_provider_errors_total"));
    }

    [Fact]
    public async Task A_call_of_the_host_counts_for_the_queue_of_its_function_once_it_succeeds()
    {
        await using var bench = new DeliveryBench();
        var ingest = bench.Get<TriggerCatalog>().Functions.Single(static function => function.Name == "IngestEmail");
        var call = new TriggerCall("""{"to":["a@example.com"],"subject":"s","body":"b"}"""u8.ToArray(), "one", 1, TraceParent: null);
        bench.Table.OnWrite = static _ => TableFault.Before;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ingest.RunAsync(call, TestContext.Current.CancellationToken));
        bench.Table.OnWrite = static _ => TableFault.None;
        var failed = (await Scrape.OfAsync(bench.Client)).Sum("email_queue_handled_total");

        await ingest.RunAsync(call, TestContext.Current.CancellationToken);

        var metrics = await Scrape.OfAsync(bench.Client);
        Assert.Equal((0, 1, 0), (failed, metrics.Sum("email_queue_handled_total", "queue_name=email-in"), metrics.Sum("email_queue_handled_total", "queue_name=email-dispatch")));
    }

    private static Task Pass(DeliveryBench bench, TimeSpan time)
    {
        bench.Clock.Advance(time);
        return Task.CompletedTask;
    }

    private static EmailFunctions.Tenants.TenantId TenantOf(string name) =>
        EmailFunctions.Tenants.TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);
}
