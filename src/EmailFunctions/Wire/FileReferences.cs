using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>Reads a file from a JSON string, which <see cref="ValueExtractor"/> wrote in its place: a client's own string never gets here.</summary>
internal sealed class FileReferences : JsonConverter<SpoolSlice>
{
    public override SpoolSlice? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? ExtractedValues.File(reader.GetString()) : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, SpoolSlice value, JsonSerializerOptions options) => throw new NotSupportedException("Files are only read.");
}
