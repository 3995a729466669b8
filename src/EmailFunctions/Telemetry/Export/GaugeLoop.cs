namespace EmailFunctions.Telemetry.Export;

/// <summary>Where metrics are sent and not fetched, nobody asks before: the gauges of the store are read once a minute.</summary>
internal sealed class GaugeLoop(StoredGauges gauges, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
            await gauges.RefreshAsync(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
