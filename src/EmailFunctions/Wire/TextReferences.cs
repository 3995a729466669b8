using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>
/// Reads a text from a JSON string: the text itself, or what <see cref="ValueExtractor"/> wrote in its place where values were taken out
/// of the body.
/// </summary>
internal sealed class TextReferences : JsonConverter<SpoolText>
{
    public override SpoolText? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException();
        var text = reader.GetString()!;
        return ExtractedValues.AreReferred && text.StartsWith((char)ExtractedValues.Mark) ? ExtractedValues.Text(text) : SpoolText.Of(text);
    }

    public override void Write(Utf8JsonWriter writer, SpoolText value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.InMemory ?? throw new NotSupportedException("A text in a spool is written by itself."));
}
