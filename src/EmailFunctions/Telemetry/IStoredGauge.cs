namespace EmailFunctions.Telemetry;

/// <summary>
/// Gauges whose values are the store's or the queue's, and not this process's: every instance shows the same. They are read before an
/// export, and what was read is shown until the next time.
/// </summary>
public interface IStoredGauge
{
    /// <summary>Reads the values anew.</summary>
    /// <remarks>What it throws is logged, and the former values are shown until they are too old.</remarks>
    Task RefreshAsync(CancellationToken cancellationToken);
}
