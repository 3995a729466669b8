using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.DeadLetters;

/// <summary>A page of dead letters.</summary>
/// <param name="Entries">Those found.</param>
/// <param name="Next">Where to go on; null: there are no more.</param>
public sealed record DeadLetterPage(IReadOnlyList<LedgerEntry> Entries, DeadLetterCursor? Next);

/// <summary>Finds dead letters: by tenant's name, and of each tenant the oldest first.</summary>
public sealed class DeadLetterReader(Ledger ledger, TenantDirectory tenants)
{
    /// <summary>Tenants and letters that one request looks at, where few are what is asked for; the cursor goes on from there.</summary>
    public const int MaxLooks = 2_000;

    public async Task<DeadLetterPage> ReadAsync(DeadLetterFilter filter, DeadLetterCursor? cursor, int limit, CancellationToken cancellationToken)
    {
        var entries = new List<LedgerEntry>();
        var looks = 0;
        await foreach (var tenant in ListTenantsAsync(filter, cursor, cancellationToken))
        {
            var last = tenant == cursor?.Tenant ? cursor.Place : null;
            if (looks++ >= MaxLooks)
                return new DeadLetterPage(entries, new DeadLetterCursor(tenant, last));
            await foreach (var (id, place) in ledger.ListDeadAsync(tenant, new DeadRange(last, filter.From, filter.To), cancellationToken))
            {
                if (entries.Count == limit || looks++ >= MaxLooks)
                    return new DeadLetterPage(entries, new DeadLetterCursor(tenant, last));
                last = place;
                if (await ledger.GetAsync(id, cancellationToken) is { Status: MessageStatus.DeadLettered } entry && filter.Matches(entry))
                    entries.Add(entry);
            }
        }

        return new DeadLetterPage(entries, Next: null);
    }

    private IAsyncEnumerable<TenantId> ListTenantsAsync(DeadLetterFilter filter, DeadLetterCursor? cursor, CancellationToken cancellationToken) =>
        filter.Tenant is { } only ? new[] { only }.ToAsyncEnumerable() : tenants.ListAsync(cursor?.Tenant, cancellationToken);
}
