using System.Globalization;
using System.Numerics;

namespace EmailFunctions.Usage;

/// <summary>
/// Durations counted in buckets, four to each doubling from 8 ms on, so that a percentile is told to within a quarter of itself
/// whatever its size. Two can be added, which percentiles themselves can't.
/// </summary>
public sealed class LatencyHistogram
{
    // A bucket each; below that a quarter of a doubling is less than a millisecond.
    private const int Small = 8;
    private const int SmallBits = 3;

    // Beyond it are no calls: twelve days.
    private const long Longest = 1L << 30;

    private readonly SortedDictionary<int, long> _counts = [];

    public long Count { get; private set; }

    public void Add(long milliseconds) => Add(BucketOf(Math.Clamp(milliseconds, 0, Longest)), 1);

    public void Add(LatencyHistogram other)
    {
        foreach (var (bucket, count) in other._counts)
            Add(bucket, count);
    }

    /// <summary>The duration in milliseconds that this share of them does not exceed; null where there is none.</summary>
    /// <param name="share">From 0 to 1.</param>
    public long? Percentile(double share)
    {
        if (Count == 0)
            return null;
        var rank = Math.Max(1, Math.Ceiling(share * Count));
        long before = 0;
        foreach (var (bucket, count) in _counts)
        {
            if (before + count >= rank)
                return LowerOf(bucket) + (long)((LowerOf(bucket + 1) - LowerOf(bucket)) * ((rank - before - 0.5) / count));
            before += count;
        }

        throw new InvalidOperationException("The counts don't add up to their sum.");
    }

    /// <summary>The buckets that hold something, as <c>bucket:count</c> with commas between.</summary>
    public override string ToString() =>
        string.Join(',', _counts.Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}:{pair.Value}")));

    public static LatencyHistogram Parse(string text)
    {
        var histogram = new LatencyHistogram();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            histogram.Add(int.Parse(part.AsSpan(0, colon), CultureInfo.InvariantCulture), long.Parse(part.AsSpan(colon + 1), CultureInfo.InvariantCulture));
        }

        return histogram;
    }

    private void Add(int bucket, long count)
    {
        _counts[bucket] = _counts.GetValueOrDefault(bucket) + count;
        Count += count;
    }

    private static int BucketOf(long milliseconds)
    {
        if (milliseconds < Small)
            return (int)milliseconds;
        var doubling = BitOperations.Log2((ulong)milliseconds);
        return Small + ((doubling - SmallBits) * 4) + (int)((milliseconds >> (doubling - 2)) & 3);
    }

    private static long LowerOf(int bucket) =>
        bucket < Small ? bucket : (4L + ((bucket - Small) & 3)) << (((bucket - Small) / 4) + SmallBits - 2);
}
