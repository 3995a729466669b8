using System.Collections;
using System.Globalization;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// A timer's schedule: second, minute, hour, day, month and weekday, each a number, a range, <c>*</c>, either of them with a
/// step, or a list of those; in UTC. Day and weekday must both fit, and Sunday is 0 or 7. A time span is a pause instead.
/// </summary>
internal sealed class CronSchedule
{
    private static readonly (string Name, int From, int To)[] Fields =
        [("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7)];

    // A leap day on a given weekday comes back after 28 years, or 40 over the end of a century.
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(366 * 41);

    private readonly BitArray[] _fields;
    private readonly TimeSpan? _pause;

    private CronSchedule(BitArray[] fields, TimeSpan? pause = null) => (_fields, _pause) = (fields, pause);

    /// <exception cref="FunctionsHostException">It is no schedule.</exception>
    public static CronSchedule Parse(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts is [var span] && TimeSpan.TryParse(span, CultureInfo.InvariantCulture, out var pause) && pause > TimeSpan.Zero)
        {
            return new CronSchedule([], pause);
        }

        if (parts.Length != Fields.Length)
        {
            throw new FunctionsHostException($"the schedule '{text}' does not have six fields, seconds first.");
        }

        var fields = parts.Select(ParseField).ToArray();
        fields[5][0] |= fields[5][7];
        return new CronSchedule(fields);
    }

    /// <summary>The first time after <paramref name="time"/>, in whole seconds; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset time)
    {
        if (_pause is { } pause)
        {
            return time + pause;
        }

        var end = time + Horizon;
        var next = new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero).AddSeconds(1);
        while (next < end)
        {
            if (!HasDay(next))
            {
                next = new DateTimeOffset(next.Date, TimeSpan.Zero).AddDays(1);
            }
            else if (!_fields[2][next.Hour])
            {
                next = next.AddSeconds(3600 - (next.Minute * 60) - next.Second);
            }
            else if (!_fields[1][next.Minute])
            {
                next = next.AddSeconds(60 - next.Second);
            }
            else if (!_fields[0][next.Second])
            {
                next = next.AddSeconds(1);
            }
            else
            {
                return next;
            }
        }

        return null;
    }

    private bool HasDay(DateTimeOffset time) =>
        _fields[3][time.Day] && _fields[4][time.Month] && _fields[5][(int)time.DayOfWeek];

    private static BitArray ParseField(string text, int index)
    {
        var (name, from, to) = Fields[index];
        var values = new BitArray(to + 1);
        foreach (var item in text.Split(','))
        {
            var (range, step) = item.Split('/') is [var left, var right] ? (left, Number(right)) : (item, 1);
            var (first, last) = range is "*" ? (from, to)
                : range.Split('-') is [var low, var high] ? (Number(low), Number(high))
                : (Number(range), item.Contains('/', StringComparison.Ordinal) ? to : Number(range));
            if (first < from || last > to || first > last || step < 1)
            {
                throw new FunctionsHostException($"the schedule's {name} '{text}' is not valid.");
            }

            for (var value = first; value <= last; value += step)
            {
                values[value] = true;
            }
        }

        return values;

        int Number(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw new FunctionsHostException($"the schedule's {name} '{text}' is not valid.");
    }
}
