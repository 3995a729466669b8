using EmailFunctions.Sweeps;

namespace EmailFunctions.Delivery.Local;

/// <summary>What timer triggers are in Azure: runs the sweeps at their times.</summary>
internal sealed partial class LocalTimers(IEnumerable<ISweep> sweeps, TimeProvider time, ILogger<LocalTimers> logger) : BackgroundService
{
    // Between the runs of a sweep that has more to do, so that others get at the store.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(sweeps.Select(sweep => RepeatAsync(sweep, stoppingToken)));

    private async Task RepeatAsync(ISweep sweep, CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(sweep.Interval, time);
            do
            {
                while (!await RunAsync(sweep, stoppingToken))
                    await Task.Delay(Pause, time, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    // False: there is more to do.
    private async Task<bool> RunAsync(ISweep sweep, CancellationToken stoppingToken)
    {
        try
        {
            return (await sweep.RunAsync(stoppingToken)).IsComplete;
        }
#pragma warning disable CA1031 // A sweep that fails must not stop the service; the next one tries again.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            SweepFailed(logger, exception);
            return true;
        }
    }

    [LoggerMessage(EventId = 341, Level = LogLevel.Warning, Message = "A sweep failed; the next one goes on.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
