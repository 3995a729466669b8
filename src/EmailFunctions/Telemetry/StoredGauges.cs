namespace EmailFunctions.Telemetry;

/// <summary>Reads all gauges of the store anew before they are shown, but not more often than it makes sense.</summary>
public sealed partial class StoredGauges(IEnumerable<StoredGauge> gauges, TimeProvider time, ILogger<StoredGauges> logger) : IDisposable
{
    /// <summary>How old what is shown may be.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    // Whoever scrapes waits for ten seconds, by Prometheus' default; a store that is slow must not cost all other metrics.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;

    /// <summary>Returns once the values are fresh enough, or can't be had in time; never throws for a store that fails.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (time.GetUtcNow() - _readAt < Lifetime)
                return;
            // Whoever asked may go away meanwhile; the values are for all.
            using var patience = new CancellationTokenSource(Patience, time);
            await Task.WhenAll(gauges.Select(gauge => RefreshAsync(gauge, patience.Token)));
            _readAt = time.GetUtcNow();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task RefreshAsync(StoredGauge gauge, CancellationToken cancellationToken)
    {
        try
        {
            await gauge.RefreshAsync(cancellationToken);
        }
#pragma warning disable CA1031 // Metrics that can't be had must not take the others with them.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            RefreshFailed(logger, exception, gauge.GetType().Name);
        }
    }

    [LoggerMessage(EventId = 700, Level = LogLevel.Warning, Message = "The values of {Gauge} can't be read, and are not shown.")]
    private static partial void RefreshFailed(ILogger logger, Exception exception, string gauge);
}
