using System.Globalization;

namespace EmailFunctions.Wire;

/// <summary>Reads the times of queries: a day, or a time.</summary>
internal static class QueryTime
{
    private const string Requirement = "must be a day like 2026-01-31 or a time like 2026-01-31T08:00:00Z";

    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];

    /// <summary>Reads a day's beginning, or a time, in UTC, of a field that may be absent; notes what is wrong with it.</summary>
    /// <param name="field">The field's name.</param>
    /// <param name="text">The text; null: it is absent.</param>
    /// <param name="afterDay">What is added to a day.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static DateTimeOffset? Read(string field, string? text, TimeSpan afterDay, FieldErrors errors)
    {
        if (text is null)
            return null;
        if (TryRead(text, afterDay, out var time))
            return time;
        errors.Add(field, Requirement);
        return null;
    }

    private static bool TryRead(string text, TimeSpan afterDay, out DateTimeOffset time)
    {
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day) && IsCountable(day))
        {
            time = day + afterDay;
            return true;
        }

        var isTime = DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && IsCountable(time);
        time = isTime ? time.ToUniversalTime() : default;
        return isTime;
    }

    // Days are added and taken away, which the calendar's first and last year can't bear.
    private static bool IsCountable(DateTimeOffset time) => time.UtcDateTime.Year is > 1 and < 9999;
}
