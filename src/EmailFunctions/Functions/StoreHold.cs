using EmailFunctions.Keys;
using EmailFunctions.Storage;

namespace EmailFunctions.Functions;

/// <summary>
/// Holds a call while the store, the queue or the key can't be used. The host delivers what failed again at once, and after some
/// deliveries no more: answering at once would use them all up within a second.
/// </summary>
internal sealed partial class StoreHold(Draining draining, TimeProvider time, ILogger<StoreHold> logger)
{
    /// <summary>How long a call is held at most; well within the host's time for a function and its locks.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(100);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    /// <summary>Runs a function until it gets through, or its time is up.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> run)
    {
        var started = time.GetTimestamp();
        var wait = TimeSpan.FromSeconds(1);
        while (true)
        {
            try
            {
                await run(draining.GivingUp);
                return;
            }
            catch (Exception exception) when (exception is StoreUnavailableException or KeyUnavailableException { IsLasting: false } && time.GetElapsedTime(started) + wait < Longest)
            {
                Held(logger, exception, wait.TotalSeconds);
                // Whoever stops gives back at once: another instance may reach the store.
                await Task.Delay(wait, time, draining.Stopping);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    /// <summary>Waits before a failure is answered; whoever stops does not.</summary>
    public async Task PauseAsync(TimeSpan pause) => await Task.Delay(pause, time, draining.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(EventId = 510, Level = LogLevel.Warning, Message = "What a call needs can't be used right now; trying again in {Seconds} s.")]
    private static partial void Held(ILogger logger, Exception exception, double seconds);
}
