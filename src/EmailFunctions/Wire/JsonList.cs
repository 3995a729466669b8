using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EmailFunctions.Wire;

/// <summary>An element of a list that was read by itself: its value, or what is wrong with it.</summary>
public sealed record ListItem<T>(T? Value, FieldErrors Errors) where T : class;

/// <summary>
/// Reads an object whose one field is a list, so that a bad element does not make the others bad: the text is split first, and each
/// element read as strictly as a body of its own.
/// </summary>
internal static class JsonList
{
    /// <summary>Reads the list; null when <paramref name="errors"/> got something to say about the body as a whole.</summary>
    public static IReadOnlyList<ListItem<T>>? Read<T>(
        ReadOnlySpan<byte> utf8, string field, int maximum, JsonTypeInfo<T> type, FieldErrors errors, Omissions? omissions) where T : class
    {
        if (Split(utf8, field, maximum, type.Options.MaxDepth, errors, omissions) is not { } ranges)
            return null;
        utf8 = StrictJson.WithoutByteOrderMark(utf8);
        var items = new List<ListItem<T>>(ranges.Count);
        foreach (var range in ranges)
        {
            var own = new FieldErrors();
            items.Add(new ListItem<T>(StrictJson.Read(utf8[range], type, own), own));
        }

        return items;
    }

    private static List<Range>? Split(ReadOnlySpan<byte> utf8, string field, int maximum, int maxDepth, FieldErrors errors, Omissions? omissions)
    {
        List<Range>? ranges = null;
        try
        {
            // The object and the list are two levels more.
            var reader = new Utf8JsonReader(StrictJson.WithoutByteOrderMark(utf8), new JsonReaderOptions { MaxDepth = maxDepth + 2 });
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
                ranges = ReadMembers(ref reader, field, maximum, errors);
            else
                errors.Add(FieldErrors.Whole, "must be a JSON object");
            reader.Skip();
            // Finds what stands behind it.
            reader.Read();
        }
        catch (JsonException malformed)
        {
            errors.Add(FieldErrors.Whole, StrictJson.Malformed(malformed, utf8, omissions));
        }

        if (!errors.Any && (ranges is null || ranges.Count == 0 || ranges.Count > maximum))
            errors.Add(field, FormattableString.Invariant($"must hold 1 to {maximum} objects"));
        return errors.Any ? null : ranges;
    }

    private static List<Range>? ReadMembers(ref Utf8JsonReader reader, string field, int maximum, FieldErrors errors)
    {
        List<Range>? ranges = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameAt(ref reader);
            reader.Read();
            if (name is null)
                errors.Add(FieldErrors.Whole, "has a field name that is not valid Unicode");
            else if (name != field)
                errors.Add(name, "is not a field that is known here");
            else if (ranges is not null)
                errors.Add(field, "is given more than once");
            else if (reader.TokenType == JsonTokenType.StartArray)
                ranges = ReadElements(ref reader, maximum);
            else
                errors.Add(field, "must be an array of objects");
            reader.Skip();
        }

        return ranges;
    }

    // One more than may be says that there are too many.
    private static List<Range> ReadElements(ref Utf8JsonReader reader, int maximum)
    {
        var ranges = new List<Range>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (ranges.Count <= maximum)
                ranges.Add(start..(int)reader.BytesConsumed);
        }

        return ranges;
    }

    private static string? NameAt(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
