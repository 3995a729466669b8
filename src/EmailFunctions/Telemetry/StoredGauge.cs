using System.Diagnostics.Metrics;

namespace EmailFunctions.Telemetry;

/// <summary>
/// A gauge whose values are the store's or the queue's, and not this process's: every instance shows the same. They are read before an
/// export, by <see cref="StoredGauges"/>, and what was read is shown until the next time.
/// </summary>
public abstract class StoredGauge
{
    private volatile IReadOnlyList<Measurement<double>> _values = [];

    protected StoredGauge(IMeterFactory meters, string name, string description) =>
        EmailMeter.Of(meters).CreateObservableGauge(name, () => _values, description: description);

    /// <summary>Reads the values anew. Where that fails none is shown: a value that is not known to hold must not calm anybody.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            _values = await ReadAsync(cancellationToken);
        }
        catch
        {
            _values = [];
            throw;
        }
    }

    /// <summary>The values, with their labels; each set of labels once.</summary>
    protected abstract Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken);
}
