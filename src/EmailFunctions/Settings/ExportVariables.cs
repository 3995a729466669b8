using EmailFunctions.Telemetry;

namespace EmailFunctions.Settings;

/// <summary>Reads where telemetry goes, by the names that Azure and the OpenTelemetry specification give these variables.</summary>
internal static class ExportVariables
{
    private const string Connection = "APPLICATIONINSIGHTS_CONNECTION_STRING";
    private const string Authentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";
    private const string Interval = "OTEL_METRIC_EXPORT_INTERVAL";

    private static readonly string[] OtlpEndpoints =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    ];

    public static ExportSettings Read(SettingsReader reader)
    {
        var connection = reader.Text(Connection);
        if (connection is not null && !HasInstrumentationKey(connection))
            reader.Reject(Connection, "must be the connection string of an Application Insights resource: InstrumentationKey=…;IngestionEndpoint=…");
        foreach (var name in OtlpEndpoints)
        {
            if (reader.Text(name) is { } address && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
                reader.Reject(name, "must be an http or https address");
        }

        return new ExportSettings(
            connection,
            reader.Text(Authentication)?.Contains("Authorization=AAD", StringComparison.OrdinalIgnoreCase) == true,
            OtlpEndpoints.Any(name => reader.Text(name) is not null),
            TimeSpan.FromMilliseconds(reader.Number(Interval, 10_000, 100, 3_600_000)));
    }

    private static bool HasInstrumentationKey(string connection) =>
        connection.Split(';').Any(static part => part.Split('=', 2) is [var name, var key] && name.Trim().Equals("InstrumentationKey", StringComparison.OrdinalIgnoreCase) && Guid.TryParse(key, out _));
}
