using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>
/// Reads a file from a JSON string. Where the body's files were taken out of it, the string is a reference to one of them, which
/// <see cref="FileExtractor"/> wrote: a client's own string never gets here then.
/// </summary>
internal sealed class FileReferences : JsonConverter<SpoolSlice>
{
    /// <summary>Bytes of the longest reference.</summary>
    public const int MaxBytes = 12;

    // No character of base64, so that neither is taken for the other.
    private const byte Mark = (byte)'~';

    // The serialiser gives a converter no room for what belongs to one call. A body is parsed on one thread, without a break.
    [ThreadStatic]
    private static IReadOnlyList<SpoolSlice>? _files;

    /// <summary>References are to these until the answer is disposed of.</summary>
    public static Scope To(IReadOnlyList<SpoolSlice> extracted)
    {
        _files = extracted;
        return default;
    }

    /// <summary>Writes a reference, or, for null, a string that is not read as a file; returns its length.</summary>
    public static int Write(int? number, Span<byte> target)
    {
        target[0] = Mark;
        var written = 0;
        if (number is { } index)
            Utf8Formatter.TryFormat(index, target[1..], out written);
        return written + 1;
    }

    public override SpoolSlice? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            && reader.GetString() is [(char)Mark, .. var number]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && index < _files?.Count
            ? _files[index]
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, SpoolSlice value, JsonSerializerOptions options) => throw new NotSupportedException("Files are only read.");

    /// <summary>As long as references are read.</summary>
    internal readonly ref struct Scope
    {
        // Part of the pattern of a using.
#pragma warning disable CA1822
        public void Dispose() => _files = null;
#pragma warning restore CA1822
    }
}
