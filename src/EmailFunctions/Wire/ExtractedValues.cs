using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>
/// The values that were taken out of a body, by the numbers that stand in it for them: <see cref="ValueExtractor"/> writes these, and
/// <see cref="FileReferences"/> and <see cref="TextReferences"/> read them. What a client wrote itself is never taken for a number.
/// </summary>
internal sealed class ExtractedValues
{
    /// <summary>Bytes of the longest reference.</summary>
    public const int MaxReferenceBytes = 12;

    // No character of base64, so that neither is taken for the other.
    public const byte Mark = (byte)'~';

    // The serialiser gives a converter no room for what belongs to one call. A body is parsed on one thread, without a break.
    [ThreadStatic]
    private static ExtractedValues? _current;

    private readonly List<SpoolSlice> _files = [];
    private readonly List<SpoolText> _texts = [];

    /// <summary>Whether references are read.</summary>
    public static bool AreReferred => _current is not null;

    /// <summary>Adds a file; returns its number.</summary>
    public int Add(SpoolSlice file)
    {
        _files.Add(file);
        return _files.Count - 1;
    }

    /// <summary>Adds a text; returns its number.</summary>
    public int Add(SpoolText text)
    {
        _texts.Add(text);
        return _texts.Count - 1;
    }

    /// <summary>References are to these until the answer is disposed of.</summary>
    public Scope Refer()
    {
        _current = this;
        return default;
    }

    /// <summary>Writes a reference, or, for null, a string that refers to nothing; returns its length.</summary>
    public static int Write(int? number, Span<byte> target)
    {
        target[0] = Mark;
        var written = 0;
        if (number is { } index)
            Utf8Formatter.TryFormat(index, target[1..], out written);
        return written + 1;
    }

    /// <summary>The file that a string refers to.</summary>
    /// <exception cref="JsonException">To none.</exception>
    public static SpoolSlice File(string? reference) => Find(reference, _current?._files);

    /// <summary>The text that a string refers to.</summary>
    /// <exception cref="JsonException">To none.</exception>
    public static SpoolText Text(string? reference) => Find(reference, _current?._texts);

    private static T Find<T>(string? reference, List<T>? values) =>
        reference is [(char)Mark, .. var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < values?.Count
            ? values[index]
            : throw new JsonException();

    /// <summary>As long as references are read.</summary>
    internal readonly ref struct Scope
    {
        // Part of the pattern of a using.
#pragma warning disable CA1822
        public void Dispose() => _current = null;
#pragma warning restore CA1822
    }
}
