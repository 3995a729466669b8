using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Problems;

namespace EmailFunctions.Tracking;

/// <summary>Cancels messages that are not sent yet.</summary>
internal sealed class Cancellation(Ledger ledger, TenantLanes lanes, MessagePayloads payloads, TimeProvider time)
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
            if (!await TryWriteAsync(entry, cancelled))
                continue;
            await payloads.RemoveAsync(entry, CancellationToken.None);
            return cancelled;
        }

        return null;
    }

    // Whoever leaves the line, or took something of the budget, changes its tenant's limits, too.
    private async Task<bool> TryWriteAsync(LedgerEntry entry, LedgerEntry cancelled)
    {
        var refund = entry.Charge is { CostUsd: > 0 } charge ? charge : null;
        return (entry.IsWaiting || refund is not null
            ? await lanes.ChangeAsync(entry, cancelled, refund)
            : await ledger.WriteAsync([.. Ledger.Change(entry, cancelled)], CancellationToken.None)) is not null;
    }
}
