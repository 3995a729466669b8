namespace EmailFunctions.Telemetry;

/// <summary>What bounds the metrics.</summary>
/// <param name="MaxTenants">Tenants that have series of their own, for each process; the others share one.</param>
public sealed record MetricSettings(int MaxTenants)
{
    public static MetricSettings Default { get; } = new(1_000);
}

/// <summary>Where telemetry goes beside <c>/metrics</c>.</summary>
/// <param name="AzureConnection">Connection string of Application Insights; null: not there.</param>
/// <param name="AzureIdentity">Whether the service proves there who it is; else the connection string alone opens it.</param>
/// <param name="Otlp">Whether it goes to a collector, which the standard's own variables name.</param>
/// <param name="Interval">How often metrics are sent: what a process that is killed can lose.</param>
public sealed record ExportSettings(string? AzureConnection, bool AzureIdentity, bool Otlp, TimeSpan Interval)
{
    public bool IsOn => AzureConnection is not null || Otlp;
}
