using OpenTelemetry.Metrics;

namespace EmailFunctions.Telemetry.Export;

/// <summary>
/// Where metrics are sent and not fetched: reads the gauges of the store once a minute, since nobody asks before, and sends at the interval
/// that is set. Azure's exporter would send once a minute, whatever is set, and lose as much with a process that is killed.
/// </summary>
internal sealed class PushLoop(MeterProvider meters, StoredGauges gauges, ExportSettings export, TimeProvider time) : BackgroundService
{
    private const int FlushMilliseconds = 5_000;

    private static readonly TimeSpan GaugeInterval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(export.Interval, time);
        var readAt = DateTimeOffset.MinValue;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (time.GetUtcNow() - readAt >= GaugeInterval)
            {
                readAt = time.GetUtcNow();
                await gauges.RefreshAsync(stoppingToken);
            }

            // It waits for the answer of whoever takes the metrics.
            await Task.Run(() => meters.ForceFlush(FlushMilliseconds), stoppingToken);
        }
    }
}
