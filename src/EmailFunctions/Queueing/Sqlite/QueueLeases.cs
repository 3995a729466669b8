namespace EmailFunctions.Queueing.Sqlite;

/// <summary>Which messages are under lease, and until when, in milliseconds of the Unix era.</summary>
internal sealed class QueueLeases
{
    private readonly Dictionary<long, (string Name, int Deliveries, long Until)> _leases = [];

    public int Count => _leases.Count;

    /// <summary>When the first lease ends, if nobody renews it; null where there is none.</summary>
    public long? FirstEnd => _leases.Count == 0 ? null : _leases.Values.Min(static lease => lease.Until);

    public bool Has(long sequence) => _leases.ContainsKey(sequence);

    public void Add(LeasedMessage message, long until) => _leases.Add(message.Sequence, (message.Lease, message.DeliveryCount, until));

    public bool Holds(LeasedMessage message, long now) =>
        _leases.TryGetValue(message.Sequence, out var lease) && lease.Name == message.Lease && lease.Until > now;

    public bool Renew(LeasedMessage message, long now, long until)
    {
        if (!Holds(message, now))
            return false;
        _leases[message.Sequence] = (message.Lease, message.DeliveryCount, until);
        return true;
    }

    public void End(LeasedMessage message)
    {
        if (_leases.TryGetValue(message.Sequence, out var lease) && lease.Name == message.Lease)
            _leases.Remove(message.Sequence);
    }

    /// <summary>Takes those away that have ended, and tells how often each was delivered.</summary>
    public List<(long Sequence, int Deliveries)> TakeEnded(long now)
    {
        var ended = _leases.Where(pair => pair.Value.Until <= now).Select(static pair => (pair.Key, pair.Value.Deliveries)).ToList();
        foreach (var (sequence, _) in ended)
            _leases.Remove(sequence);
        return ended;
    }
}
