namespace EmailFunctions.Limits;

/// <summary>What was taken of a quota or budget within the current period, and which of its marks were passed.</summary>
/// <param name="Period">The UTC day or month, by its number in <see cref="Periods"/>.</param>
/// <param name="Used">Messages, or USD.</param>
/// <param name="Passed">The highest mark that was passed in this period, in percent; 0: none.</param>
internal readonly record struct Consumption(long Period, decimal Used, int Passed)
{
    private static readonly int[] Marks = [50, 80, 100];

    /// <summary>What is used within <paramref name="period"/>; one that is over counts as the current one, since clocks differ.</summary>
    public decimal UsedIn(long period) => period <= Period ? Used : 0;

    /// <summary>After taking <paramref name="amount"/> more; <paramref name="passed"/> are the marks that this passes.</summary>
    /// <param name="period">When, as for <see cref="UsedIn"/>.</param>
    /// <param name="amount">How much; negative gives back, which makes no mark be passed a second time.</param>
    /// <param name="limit">The whole; 0: there is no limit, and no mark.</param>
    /// <param name="passed">The marks, in percent.</param>
    public Consumption After(long period, decimal amount, decimal limit, out IReadOnlyList<int> passed)
    {
        var current = period > Period ? new Consumption(period, 0, 0) : this;
        var used = Math.Max(0, current.Used + amount);
        var before = current.Passed;
        passed = limit <= 0 ? [] : [.. Marks.Where(mark => mark > before && used * 100 >= mark * limit)];
        return current with { Used = used, Passed = passed.Count > 0 ? passed[^1] : before };
    }
}
