using System.Diagnostics;
using System.Diagnostics.Metrics;
using Azure.Core;
using Azure.Monitor.OpenTelemetry.Exporter;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace EmailFunctions.Telemetry.Export;

/// <summary>
/// Brings metrics, spans and logs to those who look at them: Prometheus, which fetches them; Azure Monitor and any OpenTelemetry collector, to
/// which they are sent. Without one of the latter no span is begun at all.
/// </summary>
internal static class Exporters
{
    private const string ServiceName = "email-functions";
    private const string UnknownPath = "/(unknown)";

    // Of each tenant: providers, with "none", times the values of the labels beside.
    private const int Providers = 7;

    private static readonly Dictionary<string, int> SeriesOfTenant = new(StringComparer.Ordinal)
    {
        ["email_delivery_total"] = Providers * 3,
        ["email_recipients_total"] = Providers,
        ["email_rate_limit_hits_total"] = 4,
        ["email_quota_utilization"] = 2,
        ["email_provider_health"] = Providers,
        ["email_provider_errors_total"] = Providers * 10,
        ["email_cost_usd_total"] = Providers,
        ["email_monthly_spend_usd"] = 1,
    };

    public static void AddExport(this IServiceCollection services, MetricSettings metrics, ExportSettings export, Func<TokenCredential> credential)
    {
        var identity = export.AzureIdentity ? new Lazy<TokenCredential>(credential) : null;
        var telemetry = services.AddOpenTelemetry().ConfigureResource(static resource => resource.AddService(ServiceName));
        telemetry.WithMetrics(meter =>
        {
            meter.AddMeter(EmailMeter.Name);
            meter.AddPrometheusExporter(static prometheus =>
            {
                // Instruments have their full names already.
                prometheus.TranslationStrategy = PrometheusAspNetCoreTranslationStrategy.UnderscoreEscapingWithoutSuffixes;
                prometheus.ScopeInfoEnabled = false;
                prometheus.TargetInfoEnabled = false;
                // Each scrape shows what is; Prometheus asks seldom enough.
                prometheus.ScrapeResponseCacheDurationMilliseconds = 0;
            });
            if (export.Otlp)
                meter.AddOtlpExporter();
            if (export.AzureConnection is not null)
                meter.AddAzureMonitorMetricExporter(ConfigureAzure);
        });
        services.ConfigureOpenTelemetryMeterProvider((provider, meter) =>
        {
            var factory = provider.GetRequiredService<IMeterFactory>();
            // The SDK hears every meter of this name in the process, where there may be several services. Beyond its cap it would drop what tells
            // series apart; ours is just above what there can be, since it has room for that from the start.
            meter.AddView(instrument => instrument.Meter.Scope != factory ? MetricStreamConfiguration.Drop
                : SeriesOfTenant.TryGetValue(instrument.Name, out var series) ? new MetricStreamConfiguration { CardinalityLimit = (metrics.MaxTenants + 1) * series }
                : null);
        });
        if (!export.IsOn)
            return;
        services.AddSingleton(export).AddHostedService<PushLoop>();
        services.Configure<OpenTelemetryLoggerOptions>(static logs => logs.IncludeFormattedMessage = true);
        telemetry.WithTracing(tracing =>
        {
            tracing.AddSource(EmailMeter.Name).AddAspNetCoreInstrumentation(static requests =>
            {
                requests.Filter = IsWorthASpan;
                requests.EnrichWithHttpResponse = static (span, response) => HidePath(span, response.HttpContext);
            });
            if (export.Otlp)
                tracing.AddOtlpExporter();
            if (export.AzureConnection is not null)
                tracing.AddAzureMonitorTraceExporter(ConfigureAzure);
        });
        telemetry.WithLogging(logging =>
        {
            if (export.Otlp)
                logging.AddOtlpExporter();
            if (export.AzureConnection is not null)
                logging.AddAzureMonitorLogExporter(ConfigureAzure);
        });

        void ConfigureAzure(AzureMonitorExporterOptions options)
        {
            options.ConnectionString = export.AzureConnection;
            options.Credential = identity?.Value;
            // What could not be sent would be kept on a disk that nobody looks after, and is gone with the instance anyway.
            options.DisableOfflineStorage = true;
            options.EnableLiveMetrics = false;
            // Spans may be sampled; what went wrong must be told whether or not its trace is.
            options.EnableTraceBasedLogsSampler = false;
            options.EnableStandardMetrics = false;
            options.EnablePerformanceCounters = false;
        }
    }

    // Who calls decides what stands in a path and in its query, where an address may be; the route says enough.
    private static void HidePath(Activity span, HttpContext context)
    {
        span.SetTag("url.path", (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? UnknownPath);
        span.SetTag("url.query", null);
    }

    // Those who watch ask all the time, and see in the answer what a span would say.
    private static bool IsWorthASpan(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/metrics") && !context.Request.Path.StartsWithSegments("/health") && !context.Request.Path.StartsWithSegments("/api/v1/health");
}
