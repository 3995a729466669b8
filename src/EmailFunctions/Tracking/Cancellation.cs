using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;

namespace EmailFunctions.Tracking;

/// <summary>Cancels messages that are not sent yet.</summary>
internal sealed partial class Cancellation(
    Ledger ledger, TenantLanes lanes, MessagePayloads payloads, TimeProvider time, ILogger<Cancellation> logger)
{
    /// <summary>Cancels a message; returns its row, which was cancelled now or before; null when there is none.</summary>
    /// <exception cref="ProblemException">409: it is being sent, or was.</exception>
    public async Task<LedgerEntry?> CancelAsync(MessageId id, CancellationToken cancellationToken)
    {
        while (await ledger.GetAsync(id, cancellationToken) is { } entry)
        {
            if (entry.Status == MessageStatus.Cancelled)
                return entry;
            if (entry.Status.IsFinal() || entry.Status == MessageStatus.Sending)
                throw Problem.Conflict($"The message is {entry.Status.Name()}; only what is queued or deferred can be cancelled.");
            var cancelled = Outcomes.Cancel(entry, time.GetUtcNow());
            // Not written: somebody changed it meanwhile, and the row says how.
            if (!await lanes.EndAsync(entry, cancelled))
                continue;
            await RemovePayloadAsync(entry);
            return cancelled;
        }

        return null;
    }

    // The message is cancelled, whatever becomes of its content: the sweep removes what nobody needs.
    private async Task RemovePayloadAsync(LedgerEntry entry)
    {
        try
        {
            await payloads.RemoveAsync(entry, CancellationToken.None);
        }
        catch (StoreUnavailableException exception)
        {
            PayloadLeft(logger, exception, entry.Id);
        }
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Warning, Message = "Message {MessageId} was cancelled; its content is left to the sweep.")]
    private static partial void PayloadLeft(ILogger logger, Exception exception, MessageId messageId);
}
