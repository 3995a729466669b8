using System.Buffers.Binary;

namespace EmailFunctions.Limits;

/// <summary>How many of something (sends, slots) were or will be at which times, in order of time. Times are milliseconds of the Unix era.</summary>
internal sealed class TimedCounts
{
    private const int HeadBytes = 8;
    private const int RunBytes = 8;

    private readonly List<(long Time, int Count)> _runs = [];

    public int Total { get; private set; }

    public int Runs => _runs.Count;

    public bool IsEmpty => _runs.Count == 0;

    public long First => _runs[0].Time;

    public long Last => _runs[^1].Time;

    /// <summary>
    /// Adds one. It joins the last run while that has fewer than <paramref name="group"/>; a run's time is that of its last, which is
    /// later than the truth for the others. A time that lies before the last counts as that.
    /// </summary>
    public void Add(long time, int group = 1)
    {
        Total++;
        if (_runs.Count == 0)
        {
            _runs.Add((time, 1));
            return;
        }

        var last = _runs[^1];
        time = Math.Max(time, last.Time);
        if (time == last.Time || last.Count < group)
            _runs[^1] = (time, last.Count + 1);
        else
            _runs.Add((time, 1));
    }

    /// <summary>Takes the first away.</summary>
    public void RemoveFirst()
    {
        var first = _runs[0];
        Total--;
        if (first.Count == 1)
            _runs.RemoveAt(0);
        else
            _runs[0] = first with { Count = first.Count - 1 };
    }

    /// <summary>
    /// Takes one away that was added with that time. Where several share a run, or it counted as a later one, one is taken that is not later, so
    /// that no time that stays is too early.
    /// </summary>
    /// <returns>Whether it was still there.</returns>
    public bool TryRemove(long time)
    {
        var index = _runs.FindIndex(run => run.Time >= time);
        // A history that begins later has forgotten it.
        if (index < 0 || (index == 0 && First != time))
            return false;
        Total--;
        var (at, count) = _runs[index];
        if (count == 1)
            _runs.RemoveAt(index);
        else
            _runs[index] = (at, count - 1);
        return true;
    }

    /// <summary>Forgets all up to and with <paramref name="time"/>.</summary>
    public void ForgetUntil(long time)
    {
        var surplus = 0;
        while (surplus < _runs.Count && _runs[surplus].Time <= time)
            Total -= _runs[surplus++].Count;
        _runs.RemoveRange(0, surplus);
    }

    /// <summary>Makes two neighbours one, throughout: half as many runs, each as late as the later.</summary>
    public void Halve()
    {
        for (var index = 0; index + 1 < _runs.Count; index++)
        {
            _runs[index] = (_runs[index + 1].Time, _runs[index].Count + _runs[index + 1].Count);
            _runs.RemoveAt(index + 1);
        }
    }

    public void Clear()
    {
        _runs.Clear();
        Total = 0;
    }

    /// <summary>The time of the one with this position, 0 being the first.</summary>
    public long TimeAt(int position)
    {
        foreach (var (time, count) in _runs)
        {
            if (position < count)
                return time;
            position -= count;
        }

        throw new ArgumentOutOfRangeException(nameof(position));
    }

    public int CountFrom(long time) => _runs.Where(run => run.Time >= time).Sum(static run => run.Count);

    /// <summary>The time of the last one that has at least <paramref name="count"/> from itself on to the end, or of what is left to count.</summary>
    /// <returns>Null: there are fewer, and <paramref name="count"/> tells how many more it takes.</returns>
    public long? TimeFromEnd(ref int count)
    {
        for (var index = _runs.Count - 1; index >= 0; index--)
        {
            count -= _runs[index].Count;
            if (count <= 0)
                return _runs[index].Time;
        }

        return null;
    }

    /// <summary>As bytes: the first time, then for each run its distance from that and its count, 4 bytes each.</summary>
    public byte[]? Encode()
    {
        if (IsEmpty)
            return null;
        var bytes = new byte[HeadBytes + (RunBytes * _runs.Count)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, First);
        for (var index = 0; index < _runs.Count; index++)
        {
            var run = bytes.AsSpan(HeadBytes + (RunBytes * index));
            // No window or horizon is as long as the 49 days that fit.
            BinaryPrimitives.WriteUInt32LittleEndian(run, checked((uint)(_runs[index].Time - First)));
            BinaryPrimitives.WriteInt32LittleEndian(run[4..], _runs[index].Count);
        }

        return bytes;
    }

    public static TimedCounts Decode(byte[]? bytes)
    {
        var counts = new TimedCounts();
        if (bytes is null)
            return counts;
        var first = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        for (var position = HeadBytes; position < bytes.Length; position += RunBytes)
        {
            var count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(position + 4));
            counts._runs.Add((first + BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(position)), count));
            counts.Total += count;
        }

        return counts;
    }
}
