using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EmailFunctions.Wire;

/// <summary>Times as RFC 3339: written in UTC, to the millisecond, with <c>Z</c>; read with <c>Z</c> or an offset.</summary>
internal sealed class Rfc3339Converter : JsonConverter<DateTimeOffset>
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time) && NamesOffset(reader.GetString()!) ? time : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(ToText(value));

    /// <summary>A time as it is written.</summary>
    public static string ToText(DateTimeOffset value) => value.ToUniversalTime().ToString(Format, CultureInfo.InvariantCulture);

    // A time without an offset would be taken for this machine's own.
    private static bool NamesOffset(string text) => text.EndsWith('Z') || (text.Length > 19 && text[^6] is '+' or '-');
}
