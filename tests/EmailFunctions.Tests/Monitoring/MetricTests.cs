using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Monitoring;

/// <summary>The metrics that operators know, as the running service shows them.</summary>
public sealed class MetricTests
{
    /// <summary>Name, kind, and labels.</summary>
    public static TheoryData<string, string, string[]> Known => new()
    {
        { "email_delivery_total", "counter", ["provider", "status", "tenant_id"] },
        { "email_delivery_duration_seconds", "histogram", ["provider"] },
        { "email_delivery_slow_total", "counter", ["provider"] },
        { "email_recipients_total", "counter", ["provider", "tenant_id"] },
        { "email_rate_limit_hits_total", "counter", ["limit_type", "tenant_id"] },
        { "email_quota_utilization", "gauge", ["quota_type", "tenant_id"] },
        { "email_provider_health", "gauge", ["provider", "tenant_id"] },
        { "email_provider_errors_total", "counter", ["error_category", "provider", "tenant_id"] },
        { "email_cost_usd_total", "counter", ["provider", "tenant_id"] },
        { "email_monthly_spend_usd", "gauge", ["tenant_id"] },
        { "email_queue_size", "gauge", ["queue_name"] },
        { "email_queue_due", "gauge", ["queue_name"] },
        { "email_queue_handled_total", "counter", ["queue_name"] },
        { "email_queue_processing_duration_seconds", "histogram", ["queue_name"] },
        { "email_config_cache_hits_total", "counter", [] },
        { "email_config_cache_misses_total", "counter", [] },
        { "email_active_tenants", "gauge", [] },
        { "email_dead_letters_total", "counter", [] },
        { "email_key_failures_total", "counter", [] },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public async Task A_metric_has_its_kind_its_labels_and_a_description(string name, string kind, string[] labels)
    {
        var scrape = await FullScrape.GetAsync();

        Assert.Equal(kind, scrape.Types.GetValueOrDefault(name));
        Assert.Equal(labels, scrape.Labels(name));
        Assert.Contains(name, scrape.Helps);
    }

    [Fact]
    public async Task Messages_that_were_dealt_with_count_for_their_queue_alone()
    {
        var scrape = await FullScrape.GetAsync();

        Assert.True(scrape.Sum("email_queue_handled_total", "queue_name=email-dispatch") > 0);
        Assert.Equal(0, scrape.Sum("email_queue_handled_total", "queue_name=email-in"));
    }

    [Fact]
    public async Task There_are_no_others() =>
        Assert.Empty((await FullScrape.GetAsync()).Types.Keys.Except(Known.Select(static row => row.Data.Item1)));
}
