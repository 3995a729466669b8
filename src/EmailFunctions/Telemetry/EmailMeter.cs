using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EmailFunctions.Telemetry;

/// <summary>The names by which this service's instruments and spans are known to exporters.</summary>
public static class EmailMeter
{
    /// <summary>Of the meter and of the source of spans.</summary>
    public const string Name = "EmailFunctions";

    /// <summary>Where spans begin. Without a listener, that is without an exporter, none does.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>The one meter, on which each feature has its own instruments, named as CONTRACT.md names them.</summary>
    public static Meter Of(IMeterFactory meters) => meters.Create(Name);
}
