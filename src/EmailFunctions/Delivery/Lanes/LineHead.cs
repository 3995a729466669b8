using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery.Lanes;

/// <summary>The first of a tenant's line, as many as a batch may need.</summary>
internal sealed class LineHead
{
    private readonly List<LedgerEntry> _best;
    private readonly List<LedgerEntry> _low;

    private LineHead(List<LedgerEntry> best, List<LedgerEntry> low) => (_best, _low) = (best, low);

    public static LineHead Empty => new([], []);

    /// <summary>Those found that it is too late for.</summary>
    public IReadOnlyList<LedgerEntry> Expired { get; private init; } = [];

    /// <summary>Reads the rows of the first of the line.</summary>
    /// <param name="ledger">Where.</param>
    /// <param name="tenant">Whose.</param>
    /// <param name="first">The first, where they are known.</param>
    /// <param name="wanted">How many are wanted.</param>
    /// <param name="low">How many of them may have to be of low priority.</param>
    /// <param name="now">Now.</param>
    public static async Task<LineHead> ReadAsync(
        Ledger ledger, TenantId tenant, IReadOnlyList<MessageId>? first, int wanted, int low, DateTimeOffset now)
    {
        var best = wanted <= low ? [] : first ?? await ledger.ListLineAsync(tenant, null, wanted, CancellationToken.None);
        var lowest = low == 0 ? [] : await ledger.ListLineAsync(tenant, MessagePriority.Low, low, CancellationToken.None);
        var rows = await Task.WhenAll(best.Union(lowest).Select(id => ledger.GetAsync(id, CancellationToken.None)));
        var waiting = rows.OfType<LedgerEntry>().Where(static entry => entry.IsWaiting).ToDictionary(static entry => entry.Id);
        return new LineHead(Living(best), Living(lowest)) { Expired = [.. waiting.Values.Where(entry => entry.ExpiresAt <= now)] };

        List<LedgerEntry> Living(IEnumerable<MessageId> ids) =>
            [.. ids.Select(id => waiting.GetValueOrDefault(id)).OfType<LedgerEntry>().Where(entry => !(entry.ExpiresAt <= now))];
    }

    /// <summary>The first, or the first of one priority, but none of those that are spoken for; null where none was found.</summary>
    public LedgerEntry? First(MessagePriority? priority, HashSet<MessageId> taken)
    {
        return (priority == MessagePriority.Low ? _low.Find(IsFree) : null) ?? _best.Find(IsFree);

        bool IsFree(LedgerEntry entry) => !taken.Contains(entry.Id);
    }
}
