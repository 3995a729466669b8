namespace EmailFunctions.Limits;

/// <summary>UTC days and months of times in milliseconds of the Unix era.</summary>
internal static class Periods
{
    private const long DayMilliseconds = 86_400_000;

    public static long DayOf(long time) => time / DayMilliseconds;

    public static long StartOfDay(long day) => day * DayMilliseconds;

    /// <summary>Months since the year 0.</summary>
    public static long MonthOf(long time)
    {
        var utc = DateTimeOffset.FromUnixTimeMilliseconds(time);
        return (utc.Year * 12L) + utc.Month - 1;
    }

    public static long StartOfMonth(long month) =>
        new DateTimeOffset((int)(month / 12), (int)(month % 12) + 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
}
