using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>
/// Reads a JSON body so that nothing in it is lost or guessed: unknown and repeated fields, wrong types and broken text are
/// errors that name their field. A good body is read in one pass; only a bad one is walked again, to name all that is wrong.
/// </summary>
internal static class StrictJson
{
    // More than any list or object here may hold. Beyond, only the place where the reading stopped is named: a hostile body must not
    // cost more than a good one.
    private const int MaxWalked = 1_000;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <summary>Reads a value; null when <paramref name="errors"/> got something to say.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="type">What it is to be.</param>
    /// <param name="errors">Gets what is wrong.</param>
    /// <param name="omissions">What was taken out of the text.</param>
    public static T? Read<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> type, FieldErrors errors, Omissions? omissions = null) where T : class
    {
        try
        {
            if (JsonSerializer.Deserialize(WithoutByteOrderMark(utf8), type) is { } value)
                return value;
            errors.Add(FieldErrors.Whole, "must be a JSON object");
        }
        catch (JsonException exception)
        {
            Explain(utf8, type, exception, errors, omissions);
        }

        return null;
    }

    /// <summary>The text behind a byte order mark, which RFC 8259 section 8.1 lets a reader ignore.</summary>
    public static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> utf8) =>
        utf8.StartsWith(ByteOrderMark) ? utf8[ByteOrderMark.Length..] : utf8;

    /// <summary>Where a text stops being JSON.</summary>
    public static string Malformed(JsonException exception, ReadOnlySpan<byte> utf8, Omissions? omissions)
    {
        var (line, place) = (exception.LineNumber ?? 0, exception.BytePositionInLine ?? 0);
        if (omissions is not null)
            place += omissions.Between(StartOf(line, utf8), StartOf(line, utf8) + place);
        return $"is not valid JSON: line {line + 1}, byte {place + 1}";
    }

    // A mark before the text is none of its bytes to a reader.
    private static long StartOf(long line, ReadOnlySpan<byte> utf8)
    {
        var rest = WithoutByteOrderMark(utf8);
        for (; line > 0; line--)
            rest = rest[(rest.IndexOf((byte)'\n') + 1)..];
        return utf8.Length - rest.Length;
    }

    private static void Explain(ReadOnlySpan<byte> utf8, JsonTypeInfo type, JsonException thrown, FieldErrors errors, Omissions? omissions)
    {
        var options = new JsonDocumentOptions { MaxDepth = type.Options.MaxDepth };
        try
        {
            using var document = JsonDocument.Parse(WithoutByteOrderMark(utf8).ToArray(), options);
            ExplainValue("", document.RootElement, type, errors);
        }
        catch (JsonException malformed)
        {
            errors.Add(FieldErrors.Whole, Malformed(malformed, utf8, omissions));
        }

        // The walk knows the usual mistakes; for any other, the serialiser's word on where it stopped.
        if (!errors.Any)
            errors.Add(FieldOf(thrown.Path), "can't be read");
    }

    private static void ExplainValue(string field, JsonElement value, JsonTypeInfo type, FieldErrors errors)
    {
        if (type.Kind is JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary && value.ValueKind == JsonValueKind.Object)
            ExplainMembers(field, value, type, errors);
        else if (type.Kind == JsonTypeInfoKind.Enumerable && value.ValueKind == JsonValueKind.Array)
            ExplainElements(field, value, type, errors);
        else if (!CanRead(value, type))
            errors.Add(field.Length == 0 ? FieldErrors.Whole : field, $"must be {(field.Length == 0 ? "a JSON object" : Describe(type.Type))}");
    }

    private static void ExplainMembers(string field, JsonElement element, JsonTypeInfo type, FieldErrors errors)
    {
        var prefix = field.Length == 0 ? "" : field + ".";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject().Take(MaxWalked))
        {
            if (!TryGetName(member, out var name))
                errors.Add(field.Length == 0 ? FieldErrors.Whole : field, "has a field name that is not valid Unicode");
            else if (!seen.Add(name))
                errors.Add(prefix + name, "is given more than once");
            else if (TypeOf(name, type) is not { } memberType)
                errors.Add(prefix + name, "is not a field that is known here");
            else
                ExplainValue(prefix + name, member.Value, memberType, errors);
        }
    }

    private static void ExplainElements(string field, JsonElement array, JsonTypeInfo type, FieldErrors errors)
    {
        var elementType = type.Options.GetTypeInfo(type.ElementType!);
        var index = 0;
        foreach (var element in array.EnumerateArray().Take(MaxWalked))
            ExplainValue(string.Create(CultureInfo.InvariantCulture, $"{field}[{index++}]"), element, elementType, errors);
    }

    // Null: there is no such member.
    private static JsonTypeInfo? TypeOf(string name, JsonTypeInfo type) =>
        type.Kind == JsonTypeInfoKind.Dictionary
            ? type.Options.GetTypeInfo(type.ElementType!)
            : type.Properties.FirstOrDefault(property => property.Name == name) is { } property ? type.Options.GetTypeInfo(property.PropertyType) : null;

    private static bool CanRead(JsonElement value, JsonTypeInfo type)
    {
        try
        {
            value.Deserialize(type);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryGetName(JsonProperty member, out string name)
    {
        try
        {
            name = member.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }

    // The serialiser's path begins with $; below a field it goes on with .name, ['name'] or [index].
    private static string FieldOf(string? path) => path is { Length: > 1 } ? path[1..].TrimStart('.') : FieldErrors.Whole;

    private static string Describe(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain switch
        {
            _ when plain == typeof(string) || plain == typeof(SpoolText) => "a string of valid Unicode",
            _ when plain == typeof(int) => "a whole number",
            _ when plain == typeof(decimal) => "a number",
            _ when plain == typeof(bool) => "true or false",
            _ when plain == typeof(byte[]) || plain == typeof(SpoolSlice) => "a string in base64",
            _ when plain == typeof(DateTimeOffset) => "a time as RFC 3339 writes it, for example 2026-01-31T08:00:00Z",
            _ when plain == typeof(JsonElement) => "JSON without repeated names",
            _ when plain == typeof(List<string>) => "an array of strings",
            _ when typeof(System.Collections.IDictionary).IsAssignableFrom(plain) => "an object whose values are strings",
            _ when typeof(System.Collections.IEnumerable).IsAssignableFrom(plain) => "an array of objects",
            _ => "an object",
        };
    }
}
