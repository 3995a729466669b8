using System.Globalization;

namespace EmailFunctions.Wire;

/// <summary>How many of a list a page holds.</summary>
internal static class PageLimit
{
    private const int Default = 50;
    private const int Max = 200;

    /// <summary>Reads the query's <c>limit</c>; notes what is wrong with it.</summary>
    public static int Read(string? text, FieldErrors errors)
    {
        if (text is null)
            return Default;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= Max)
            return limit;
        errors.Add("limit", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {Max}"));
        return Default;
    }
}
