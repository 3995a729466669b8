namespace EmailFunctions.Usage;

/// <summary>Hours and days in UTC, by which usage is rolled up.</summary>
internal static class UsageTime
{
    public const int HoursOfDay = 24;

    /// <summary>Before any usage; an entity's time can't be as early as that of the calendar.</summary>
    public static readonly DateTimeOffset Beginning = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    public static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static DateTimeOffset HourOf(DateTimeOffset time) => Floor(time, TimeSpan.TicksPerHour);

    public static DateTimeOffset DayOf(DateTimeOffset time) => Floor(time, TimeSpan.TicksPerDay);

    /// <summary>The first whole hour that begins at the time or later.</summary>
    public static DateTimeOffset NextHour(DateTimeOffset time) => HourOf(time) is var hour && hour == time.ToUniversalTime() ? hour : hour + Hour;

    public static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    public static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Floor(DateTimeOffset time, long ticks) => new(time.UtcTicks - (time.UtcTicks % ticks), TimeSpan.Zero);
}
