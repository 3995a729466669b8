using System.Globalization;

namespace EmailFunctions.Usage;

/// <summary>What usage rows add up to; in which order they are added makes no difference.</summary>
public sealed class UsageSums
{
    /// <summary>Messages with a final outcome.</summary>
    public long Emails { get; private set; }

    /// <summary>Those of them that were sent.</summary>
    public long Successes { get; private set; }

    public long Failures => Emails - Successes;

    /// <summary>Recipients that providers took, also of messages that are not done yet.</summary>
    public long Recipients { get; private set; }

    /// <summary>Their cost in USD.</summary>
    public decimal Cost { get; private set; }

    /// <summary>Of the messages' last calls of a provider, in all.</summary>
    public long Milliseconds { get; private set; }

    /// <summary>Messages that a limit of their tenant had put off.</summary>
    public long Limited { get; private set; }

    /// <summary>Of the messages' last calls of a provider.</summary>
    public LatencyHistogram Latencies { get; private init; } = new();

    /// <summary>0 to 100; null where there is no message.</summary>
    public decimal? SuccessRate() => Emails == 0 ? null : decimal.Round(100m * Successes / Emails, 2);

    public decimal? AverageMilliseconds() => Emails == 0 ? null : decimal.Round((decimal)Milliseconds / Emails, 1);

    /// <summary>In USD, of a message that was sent; null where there is none.</summary>
    public decimal? AverageCost() => Successes == 0 ? null : decimal.Round(Cost / Successes, 6);

    public void Add(UsageRow row)
    {
        Recipients += row.Recipients;
        Cost += row.CostUsd;
        if (row.IsPart)
            return;
        var milliseconds = (long)row.Duration.TotalMilliseconds;
        Emails++;
        Successes += row.Success ? 1 : 0;
        Limited += row.WasLimited ? 1 : 0;
        Milliseconds += milliseconds;
        Latencies.Add(milliseconds);
    }

    public void Add(UsageSums other)
    {
        Emails += other.Emails;
        Successes += other.Successes;
        Recipients += other.Recipients;
        Cost += other.Cost;
        Milliseconds += other.Milliseconds;
        Limited += other.Limited;
        Latencies.Add(other.Latencies);
    }

    /// <summary>The numbers with a space between each two, the histogram last.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Emails} {Successes} {Recipients} {Cost} {Milliseconds} {Limited} {Latencies}");

    public static UsageSums Parse(string text)
    {
        var parts = text.Split(' ');
        return new UsageSums
        {
            Emails = Number(parts[0]),
            Successes = Number(parts[1]),
            Recipients = Number(parts[2]),
            Cost = decimal.Parse(parts[3], CultureInfo.InvariantCulture),
            Milliseconds = Number(parts[4]),
            Limited = Number(parts[5]),
            Latencies = LatencyHistogram.Parse(parts[6]),
        };
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Sums for each provider.</summary>
public sealed class UsageByProvider
{
    private readonly SortedDictionary<string, UsageSums> _sums = new(StringComparer.Ordinal);

    /// <summary>By the provider's name, in order.</summary>
    public IReadOnlyDictionary<string, UsageSums> Providers => _sums;

    public void Add(UsageRow row) => Of(row.Provider).Add(row);

    public void Add(UsageByProvider other)
    {
        foreach (var (provider, sums) in other._sums)
            Of(provider).Add(sums);
    }

    /// <summary>Over all providers.</summary>
    public UsageSums Total()
    {
        var total = new UsageSums();
        foreach (var sums in _sums.Values)
            total.Add(sums);
        return total;
    }

    /// <summary>As it is stored: text, which shows what is in it and of which only what is there takes room.</summary>
    public override string ToString() => string.Join('|', _sums.Select(static pair => $"{pair.Key} {pair.Value}"));

    public static UsageByProvider Parse(string text)
    {
        var all = new UsageByProvider();
        foreach (var part in text.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var space = part.IndexOf(' ', StringComparison.Ordinal);
            all._sums.Add(part[..space], UsageSums.Parse(part[(space + 1)..]));
        }

        return all;
    }

    private UsageSums Of(string provider)
    {
        if (!_sums.TryGetValue(provider, out var sums))
            _sums.Add(provider, sums = new UsageSums());
        return sums;
    }
}
