using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Queueing.Sqlite;

/// <summary>
/// Gives messages their places, so that groups take turns: start-time fair queueing (Goyal, Vin and Cheng, 1996) with messages of
/// equal weight. A message comes one place after the last one of its group, but never before what was delivered last: a group that
/// was idle begins now, and has saved up nothing. For one thread at a time.
/// </summary>
internal sealed class FairOrder
{
    // In one write, so that it takes no more than some milliseconds of the writer.
    internal const int MaxPlacedAtOnce = 1_000;

    internal const string NextDue =
        "SELECT sequence, group_name FROM queue_messages WHERE queue = ?1 AND place IS NULL AND visible_at <= ?2 ORDER BY visible_at, sequence LIMIT ?3";

    private const int Few = 1_024;

    // Of the groups with a place that is not delivered yet, and of some others.
    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);
    private int _many = Few;
    private long _delivered;

    private FairOrder()
    {
    }

    /// <summary>The order as the queue's messages have it: what is lost with a process is only who had his turn last.</summary>
    public static FairOrder Read(SqliteSession session, string queue)
    {
        var order = new FairOrder
        {
            _delivered = session.Number("SELECT MIN(place) FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL", queue) ?? 0,
        };
        using var groups = session.Query(
            "SELECT group_name, MAX(place) FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL GROUP BY group_name", queue);
        while (groups.Read())
            order._last.Add(groups.GetString(0), groups.GetInt64(1));
        return order;
    }

    /// <summary>
    /// Gives places to those whose time came since the last look. False where there are more of them.
    /// </summary>
    public bool PlaceDue(SqliteSession session, string queue, long now)
    {
        var due = new List<(long Sequence, string Group)>();
        using (var reader = session.Query(NextDue, queue, now, (long)MaxPlacedAtOnce))
        {
            while (reader.Read())
                due.Add((reader.GetInt64(0), reader.GetString(1)));
        }

        foreach (var (sequence, group) in due)
            session.Execute("UPDATE queue_messages SET place = ?1 WHERE sequence = ?2", Next(group), sequence);
        return due.Count < MaxPlacedAtOnce;
    }

    /// <summary>The place of the group's next message.</summary>
    public long Next(string group)
    {
        var place = _last.TryGetValue(group, out var last) ? Math.Max(_delivered, last + 1) : _delivered;
        _last[group] = place;
        return place;
    }

    /// <summary>The message at this place was delivered, and all before it.</summary>
    public void Deliver(long place)
    {
        _delivered = Math.Max(_delivered, place);
        if (_last.Count <= _many)
            return;
        // These begin like groups that were never seen.
        foreach (var (group, last) in _last)
        {
            if (last < _delivered)
                _last.Remove(group);
        }

        _many = Math.Max(Few, 2 * _last.Count);
    }
}
