using EmailFunctions.Messages;
using EmailFunctions.Sweeps;

namespace EmailFunctions.Delivery;

/// <summary>Removes payloads that no message needs: of those that were stored and then not accepted, or not removed in the end.</summary>
public sealed partial class PayloadSweep(Ledger ledger, MessagePayloads payloads, TimeProvider time, ILogger<PayloadSweep> logger) : ISweep
{
    // A payload is written before its row; a younger one may still get one.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(1);

    private const int MaxPayloads = 1_000;

    // Where the next run goes on; null: at the first.
    private IAsyncEnumerator<MessageId>? _payloads;

    public string Name => "Payloads";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 20 * * * *";

    /// <summary>Looks at up to a thousand payloads, from where the run before stopped, and removes those that no message needs.</summary>
    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var removed = 0;
        var stored = _payloads ??= payloads.ListAsync(time.GetUtcNow() - OrphanAge, CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
        try
        {
            for (var looks = 0; looks < MaxPayloads; looks++)
            {
                if (!await stored.MoveNextAsync())
                {
                    await EndAsync();
                    return Report(removed, isComplete: true);
                }

                removed += await payloads.TryRemoveOrphanAsync(ledger, stored.Current, cancellationToken) ? 1 : 0;
            }
        }
        catch
        {
            await EndAsync();
            throw;
        }

        return Report(removed, isComplete: false);

        ValueTask EndAsync()
        {
            _payloads = null;
            return stored.DisposeAsync();
        }
    }

    private SweepRun Report(int removed, bool isComplete)
    {
        if (removed > 0)
            PayloadsRemoved(logger, removed);
        return new SweepRun(removed, isComplete);
    }

    [LoggerMessage(EventId = 343, Level = LogLevel.Information, Message = "The sweep removed {Count} payloads that no message needed.")]
    private static partial void PayloadsRemoved(ILogger logger, int count);
}
