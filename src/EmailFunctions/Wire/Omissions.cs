namespace EmailFunctions.Wire;

/// <summary>Where bytes of a text were left out, so that a place in what is left can be told as one of the whole.</summary>
internal sealed class Omissions
{
    private readonly List<(long Place, long Count)> _all = [];

    /// <summary>Notes that bytes are missing.</summary>
    /// <param name="place">How many bytes are left before them.</param>
    /// <param name="count">How many are missing there; fewer than none where what stands for them is longer.</param>
    public void Add(long place, long count) => _all.Add((place, count));

    /// <summary>How many bytes are missing between two places of what is left.</summary>
    public long Between(long from, long to) => _all.Where(omission => omission.Place >= from && omission.Place <= to).Sum(static omission => omission.Count);
}
