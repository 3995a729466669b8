using System.Diagnostics;

namespace EmailFunctions.Load;

/// <summary>Medians and percentiles.</summary>
internal static class Statistics
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>The smallest value that at least that share of the values do not exceed (nearest rank).</summary>
    public static double Percentile(double[] sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];

    public static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;
}
