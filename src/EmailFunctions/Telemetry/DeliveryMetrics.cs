using System.Diagnostics.Metrics;
using EmailFunctions.Queueing;
using EmailFunctions.Tenants;

namespace EmailFunctions.Telemetry;

/// <summary>What is counted of each message on its way; CONTRACT.md fixes the names, the labels and the bounds.</summary>
public sealed class DeliveryMetrics
{
    /// <summary>A delivery that takes longer is slow: where histograms lose their buckets, the share of these tells whether P99 is over it.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    private static readonly InstrumentAdvice<double> CallBounds = new() { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] };
    private static readonly InstrumentAdvice<double> WayBounds = new() { HistogramBucketBoundaries = [0.1, 0.5, 1, 5, 10, 30, 60] };

    private readonly TenantLabels _tenants;
    private readonly Counter<long> _deliveries;
    private readonly Histogram<double> _calls;
    private readonly Counter<long> _slow;
    private readonly Counter<long> _recipients;
    private readonly Counter<long> _limitHits;
    private readonly Counter<long> _errors;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _handled;
    private readonly Histogram<double> _ways;

    public DeliveryMetrics(IMeterFactory meters, TenantLabels tenants)
    {
        _tenants = tenants;
        var meter = EmailMeter.Of(meters);
        _deliveries = meter.CreateCounter<long>("email_delivery_total", description: "Messages by their final outcome; rate_limited: put off by a limit for the first time.");
        _calls = meter.CreateHistogram("email_delivery_duration_seconds", "s", "How long calls of providers took.", tags: null, CallBounds);
        _slow = meter.CreateCounter<long>("email_delivery_slow_total", description: "Calls of providers that took more than 5 seconds.");
        _recipients = meter.CreateCounter<long>("email_recipients_total", description: "Recipients that providers took.");
        _limitHits = meter.CreateCounter<long>("email_rate_limit_hits_total", description: "Messages that a limit of their tenant put off or refused.");
        _errors = meter.CreateCounter<long>("email_provider_errors_total", description: "Attempts that a provider did not take.");
        _cost = meter.CreateCounter<double>("email_cost_usd_total", description: "Cost of the recipients that providers took, in USD.");
        _deadLetters = meter.CreateCounter<long>("email_dead_letters_total", description: "Messages that became dead letters, those parked for what is wrong with them included.");
        // Shown from the first scrape on, so that the first one is an increase.
        _deadLetters.Add(0);
        _handled = meter.CreateCounter<long>("email_queue_handled_total", description: "Messages of the queue that were dealt with, whatever came of them.");
        foreach (var queue in QueueNames.All)
            _handled.Add(0, MetricLabels.Of(MetricLabels.Queue, queue));
        _ways = meter.CreateHistogram("email_queue_processing_duration_seconds", "s", "From accepting a message to its final outcome.", tags: null, WayBounds);
    }

    /// <summary>A provider was called, or refused the message before it came to that.</summary>
    /// <param name="tenant">Whose message.</param>
    /// <param name="provider">The provider's name.</param>
    /// <param name="duration">How long the call took; null where there was none.</param>
    /// <param name="error">The category of the failure; null: it took the message.</param>
    public void Attempted(TenantId tenant, string provider, TimeSpan? duration, string? error)
    {
        var label = MetricLabels.Of(MetricLabels.Provider, provider);
        if (duration is { } took)
        {
            _calls.Record(took.TotalSeconds, label);
            if (took > Slow)
                _slow.Add(1, label);
        }

        if (error is not null)
            _errors.Add(1, label, _tenants.Of(tenant), MetricLabels.Of("error_category", error));
    }

    /// <summary>Recipients have the message, and it is written down.</summary>
    /// <param name="tenant">Whose message.</param>
    /// <param name="provider">The provider's name.</param>
    /// <param name="recipients">How many.</param>
    /// <param name="costUsd">What they cost, in USD.</param>
    public void Taken(TenantId tenant, string provider, int recipients, decimal costUsd)
    {
        var label = MetricLabels.Of(MetricLabels.Provider, provider);
        var owner = _tenants.Of(tenant);
        _recipients.Add(recipients, label, owner);
        if (costUsd > 0)
            _cost.Add((double)costUsd, label, owner);
    }

    /// <summary>A message has its final outcome, and it is written down.</summary>
    /// <param name="tenant">Whose message.</param>
    /// <param name="provider">The provider's name.</param>
    /// <param name="queue">The queue that it came by.</param>
    /// <param name="success">Whether it was sent.</param>
    /// <param name="way">The time since it was accepted.</param>
    public void Ended(TenantId tenant, string provider, string queue, bool success, TimeSpan way)
    {
        Count(tenant, provider, success ? "success" : "failed");
        _ways.Record(way.TotalSeconds, MetricLabels.Of(MetricLabels.Queue, queue));
    }

    /// <summary>A limit of its tenant puts a message off.</summary>
    /// <param name="tenant">Whose message.</param>
    /// <param name="provider">The provider that is to send it.</param>
    /// <param name="limit">The limit's name.</param>
    /// <param name="isFirst">Whether none did before.</param>
    public void Limited(TenantId tenant, string provider, string limit, bool isFirst)
    {
        Refused(tenant, limit);
        if (isFirst)
            Count(tenant, provider, "rate_limited");
    }

    /// <summary>A message is refused when it is to be accepted, since a limit of its tenant, which wants it so, leaves it no room.</summary>
    /// <param name="tenant">Whose message.</param>
    /// <param name="limit">The limit's name.</param>
    public void Refused(TenantId tenant, string limit) => _limitHits.Add(1, _tenants.Of(tenant), MetricLabels.Of("limit_type", limit));

    /// <summary>A message waits for somebody to replay or discard it, and that is written down.</summary>
    public void DeadLettered() => _deadLetters.Add(1);

    /// <summary>A message of a queue was dealt with, and may be taken off it.</summary>
    /// <param name="queue">The queue.</param>
    public void Handled(string queue) => _handled.Add(1, MetricLabels.Of(MetricLabels.Queue, queue));

    private void Count(TenantId tenant, string provider, string status) =>
        _deliveries.Add(1, MetricLabels.Of(MetricLabels.Provider, provider), _tenants.Of(tenant), MetricLabels.Of("status", status));
}
