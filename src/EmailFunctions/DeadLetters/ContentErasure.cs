using EmailFunctions.Audit;
using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Ingest;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.DeadLetters;

/// <summary>
/// Finds messages that name recipients who are to be erased, which takes reading their contents, and ends them: dead letters, what is held and,
/// where that is wished, what waits. A tenant's parked messages are those of event producers that name it.
/// </summary>
internal sealed class ContentErasure(
    Ledger ledger, MessagePayloads payloads, ParkedMessages parked, RecipientHasher hasher, TenantLanes lanes, TimeProvider time) : IContentErasure
{
    // Where messages are found, in this order: a place is the number of a range and a row in it.
    private static readonly string[] Prefixes = [LedgerRows.DeadPrefix, LedgerRows.HeldPrefix, LedgerRows.DeadPrefix, LedgerRows.LinePrefix, LedgerRows.DuePrefix];

    // Dead letters of the system, of which the parked ones are meant.
    private const int ParkedRange = 2;

    // From here on is what waits.
    private const int WaitingRange = 3;

    private const char Separator = ' ';

    public async Task<ContentErased> EraseAsync(TenantId tenant, ErasureWish wish, string? place, int maxLooks, CancellationToken cancellationToken)
    {
        var hash = wish.Hashes is null ? null : await hasher.ForTenantAsync(tenant, cancellationToken);
        var (first, after) = ReadPlace(place);
        var (count, looks) = (0, 0);
        for (var range = first; range < (wish.CancelsWaiting ? Prefixes.Length : WaitingRange); range++, after = null)
        {
            if (range == ParkedRange && tenant.IsSystem)
                continue;
            var owner = range == ParkedRange ? TenantId.System : tenant;
            await foreach (var (id, row) in ledger.ListIndexedAsync(owner, Prefixes[range], after, cancellationToken))
            {
                if (looks++ >= maxLooks)
                    return new ContentErased(count, looks, $"{range}{Separator}{after}");
                count += await TryEraseAsync(id, tenant, wish, hash, cancellationToken) ? 1 : 0;
                after = row;
            }
        }

        return new ContentErased(count, looks, Next: null);
    }

    private async Task<bool> TryEraseAsync(MessageId id, TenantId tenant, ErasureWish wish, Func<string, string>? hash, CancellationToken cancellationToken)
    {
        while (await ledger.GetAsync(id, cancellationToken) is { } entry && IsMeant(entry, wish) && await IsNamedAsync(entry, tenant, wish, hash, cancellationToken))
        {
            // Not written: it was changed in this moment, and its row says how.
            if (!await TryEndAsync(entry, cancellationToken))
                continue;
            await payloads.TryRemoveAsync(entry, cancellationToken);
            return true;
        }

        return false;
    }

    // What is being sent is over soon.
    private static bool IsMeant(LedgerEntry entry, ErasureWish wish) =>
        entry.IsHeld || entry.Status == MessageStatus.DeadLettered || (wish.CancelsWaiting && entry.Status is MessageStatus.Queued or MessageStatus.Deferred);

    private async Task<bool> TryEndAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return entry.Status == MessageStatus.DeadLettered
            ? await ledger.WriteAsync([.. Ledger.Change(entry, DeadLetterEnds.Fail(entry, DeadLetterEnds.ErasedReason, now))], cancellationToken) is not null
            : await lanes.EndAsync(entry, Outcomes.Cancel(entry, now) with { Reason = DeadLetterEnds.ErasedReason });
    }

    private async Task<bool> IsNamedAsync(LedgerEntry entry, TenantId tenant, ErasureWish wish, Func<string, string>? hash, CancellationToken cancellationToken)
    {
        // All of a tenant's own need no look into them. A parked one is in the system's partition, whoever it names.
        if (hash is null && !entry.IsParked)
            return true;
        var (owner, recipients) = await ReadAsync(entry, cancellationToken);
        return owner == tenant && (hash is null || recipients.Any(recipient => wish.Hashes!.Contains(hash(recipient))));
    }

    // Whose it is, and whom it names; nobody where it can't be read by anybody.
    private async Task<(TenantId? Owner, IEnumerable<string> Recipients)> ReadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (!entry.IsParked)
            return (entry.Id.Tenant, (await payloads.TryReadHeadAsync(entry, cancellationToken))?.Recipients ?? []);
        try
        {
            var delivered = await parked.ReadAsync(entry, cancellationToken);
            var found = ParkedAddresses.Find(delivered.Body);
            // By the word of the queue, which counts before the producer's.
            return (TenantId.TryParse(delivered.Tenant ?? "", out var tenant) ? tenant : found.Tenant ?? TenantId.System, found.Addresses);
        }
        catch (InvalidDataException)
        {
            return (TenantId.System, []);
        }
    }

    private static (int Range, string? After) ReadPlace(string? place) =>
        place?.Split(Separator, 2) is [var range, var after] && int.TryParse(range, out var number) ? (number, after.Length > 0 ? after : null) : (0, null);
}
