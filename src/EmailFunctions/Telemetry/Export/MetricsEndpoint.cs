using EmailFunctions.Access;
using OpenTelemetry.Metrics;

namespace EmailFunctions.Telemetry.Export;

/// <summary>The route that Prometheus scrapes.</summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        var exposure = routes.ServiceProvider.GetRequiredService<AccessRules>().Metrics;
        if (exposure == Exposure.Off)
            return;
        var scrape = routes.CreateApplicationBuilder();
        // The package has no handler for a route of ours: its middleware takes whatever comes here.
        scrape.UseOpenTelemetryPrometheusScrapingEndpoint(
            routes.ServiceProvider.GetRequiredService<MeterProvider>(), static _ => true, path: null, configureBranchedPipeline: null, optionsName: null);
        var write = scrape.Build();
        var route = routes.MapGet("/metrics", async (HttpContext context, StoredGauges gauges) =>
            {
                await gauges.RefreshAsync(context.RequestAborted);
                // Prometheus would rather have OpenMetrics, in which the package adds series of its own (_created) and writes the bound 5 as 5.0.
                context.Request.Headers.Accept = "text/plain";
                await write(context);
            })
            .WithName("GetMetrics").ExcludeFromDescription();
        // Tenants are named in it.
        if (exposure == Exposure.Public)
            route.AllowAnonymous();
        else
            route.NeedsForAllTenants(Scopes.Read | Scopes.Admin);
    }
}
