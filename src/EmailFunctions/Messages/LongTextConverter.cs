using System.Text.Json;
using System.Text.Json.Serialization;

namespace EmailFunctions.Messages;

/// <summary>
/// Writes a text piece by piece. Whole, it would be given room for the longest that its escaping could make of it, which is six times
/// the text.
/// </summary>
internal sealed class LongTextConverter : JsonConverter<string>
{
    private const int PieceLength = 8 * 1024;

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString();

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        if (value.Length <= PieceLength)
        {
            writer.WriteStringValue(value);
            return;
        }

        for (var start = 0; start < value.Length; start += PieceLength)
        {
            var length = Math.Min(PieceLength, value.Length - start);
            writer.WriteStringValueSegment(value.AsSpan(start, length), isFinalSegment: start + length == value.Length);
        }
    }
}
