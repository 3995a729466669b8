namespace EmailFunctions.Telemetry;

/// <summary>Names of labels, as dashboards and alert rules know them.</summary>
public static class MetricLabels
{
    public const string Provider = "provider";

    public const string Tenant = "tenant_id";

    public const string Queue = "queue_name";

    public static KeyValuePair<string, object?> Of(string name, string value) => new(name, value);
}
