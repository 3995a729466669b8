using EmailFunctions.Tenants;

namespace EmailFunctions.Providers.Http;

/// <summary>The outbound HTTP clients: one for each owner, so that no connection is used for two of them.</summary>
internal static class ProviderClients
{
    /// <summary>The name of an owner's client.</summary>
    public static string NameOf(TenantId owner) => "provider:" + owner.Value;

    /// <summary>Makes every client of the factory a provider's: without loggers (URLs and headers name tenants and hold keys), cookies, redirects and proxies.</summary>
    public static IServiceCollection AddProviderClients(this IServiceCollection services, HttpProviderOptions options)
    {
        services.AddSingleton(options).AddSingleton<VendorConnector>().AddSingleton<VendorCaller>();
        services.AddHttpClient();
        services.ConfigureHttpClientDefaults(static client => client
            .RemoveAllLoggers()
            .ConfigureHttpClient(static client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(static provider => Handler(
                provider.GetRequiredService<HttpProviderOptions>(), provider.GetRequiredService<VendorConnector>()))
            // The handler itself renews its connections; a second handler would double how many there may be.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan));
        return services;
    }

    private static SocketsHttpHandler Handler(HttpProviderOptions options, VendorConnector connector) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        // A proxy would look the name up itself, and call what it finds.
        UseProxy = false,
        MaxConnectionsPerServer = options.MaxConnections,
        PooledConnectionIdleTimeout = options.IdleTime,
        PooledConnectionLifetime = options.ConnectionLifetime,
        ConnectTimeout = Timeout.InfiniteTimeSpan,
        ConnectCallback = connector.ConnectAsync,
        // Vendors have no use for our trace ids.
        ActivityHeadersPropagator = null,
    };
}
