using EmailFunctions.Messages;

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

    /// <summary>Reads the first of the line.</summary>
    /// <param name="ledger">Where.</param>
    /// <param name="tenant">Whose.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="low">How many of them may have to be of low priority.</param>
    /// <param name="now">Now.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public static async Task<LineHead> ReadAsync(
        Ledger ledger, Tenants.TenantId tenant, int count, int low, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var best = count > low ? await ReadAsync(ledger, tenant, null, count, cancellationToken) : [];
        var lowest = low > 0 ? await ReadAsync(ledger, tenant, MessagePriority.Low, low, cancellationToken) : [];
        return new LineHead(Living(best, now), Living(lowest, now)) { Expired = [.. best.Concat(lowest).Where(entry => entry.ExpiresAt <= now).DistinctBy(static entry => entry.Id)] };
    }

    /// <summary>Takes the first, or the first of one priority; null where none was found.</summary>
    public LedgerEntry? Take(MessagePriority? priority)
    {
        var from = priority == MessagePriority.Low && _low.Count > 0 ? _low : _best;
        if (from.Count == 0)
            return null;
        var first = from[0];
        _best.RemoveAll(entry => entry.Id == first.Id);
        _low.RemoveAll(entry => entry.Id == first.Id);
        return first;
    }

    /// <summary>It was not its turn after all.</summary>
    public void PutBack(LedgerEntry entry) => (entry.Priority == MessagePriority.Low && _low.Count > 0 ? _low : _best).Insert(0, entry);

    private static List<LedgerEntry> Living(List<LedgerEntry> entries, DateTimeOffset now) =>
        [.. entries.Where(entry => !(entry.ExpiresAt <= now))];

    private static async Task<List<LedgerEntry>> ReadAsync(
        Ledger ledger, Tenants.TenantId tenant, MessagePriority? priority, int count, CancellationToken cancellationToken)
    {
        var ids = await ledger.ListWaitingAsync(tenant, priority, count, cancellationToken);
        var entries = await Task.WhenAll(ids.Select(id => ledger.GetAsync(id, cancellationToken)));
        return [.. entries.OfType<LedgerEntry>().Where(static entry => entry.IsWaiting)];
    }
}
