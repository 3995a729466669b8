using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>Lets messages go that were held: for their tenant's configuration, or because nobody saw their outcome.</summary>
public sealed class HeldMessages(Ledger ledger, DispatchQueue queue, TimeProvider time)
{
    /// <summary>Releases what was held for mistakes in the configuration, or for a budget that was too small; returns how many.</summary>
    public async Task<int> ReleaseForNewConfigAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var released = 0;
        await foreach (var id in ledger.ListHeldAsync(tenant, cancellationToken))
        {
            if (await ledger.GetAsync(id, cancellationToken) is { Reason: Outcomes.ConfigReason or LimitNames.MonthlyBudget } entry)
                released += await TryReleaseAsync(entry, cancellationToken) ? 1 : 0;
        }

        return released;
    }

    /// <summary>Releases one message, whatever it is held for; false when it is not held.</summary>
    public async Task<bool> TryReleaseAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (!entry.IsHeld)
            return false;
        var now = time.GetUtcNow();
        var released = Outcomes.Queue(entry, now);
        if (await ledger.WriteAsync([.. Ledger.Change(entry, released)], cancellationToken) is null)
            return false;
        try
        {
            await queue.EnqueueAsync(entry.Id, visibleAt: null, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // It is released all the same; the sweep puts another hint on the queue.
        }

        return true;
    }
}
