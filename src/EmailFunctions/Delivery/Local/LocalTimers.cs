namespace EmailFunctions.Delivery.Local;

/// <summary>What timer triggers are in Azure: runs the sweeps at their times.</summary>
internal sealed partial class LocalTimers(Sweeper sweeper, TimeProvider time, ILogger<LocalTimers> logger) : BackgroundService
{
    private static readonly TimeSpan MessageInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PayloadInterval = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync(MessageInterval, sweeper.SweepMessagesAsync, stoppingToken),
        RepeatAsync(PayloadInterval, sweeper.SweepPayloadsAsync, stoppingToken));

    private async Task RepeatAsync(TimeSpan interval, Func<CancellationToken, Task<int>> sweep, CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, time);
            do
            {
                await RunAsync(sweep, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task RunAsync(Func<CancellationToken, Task<int>> sweep, CancellationToken stoppingToken)
    {
        try
        {
            await sweep(stoppingToken);
        }
#pragma warning disable CA1031 // A sweep that fails must not stop the service; the next one tries again.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            SweepFailed(logger, exception);
        }
    }

    [LoggerMessage(EventId = 341, Level = LogLevel.Warning, Message = "A sweep failed; the next one goes on.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
