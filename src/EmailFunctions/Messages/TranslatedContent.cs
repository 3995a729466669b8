using System.Buffers;

namespace EmailFunctions.Messages;

/// <summary>Translates bytes, as far as there is room and what follows is known; as <c>TextEncoder.EncodeUtf8</c> does.</summary>
/// <param name="source">What is left of the bytes, or a first part of it.</param>
/// <param name="target">Gets what they become. It has room for some.</param>
/// <param name="consumed">How many were translated.</param>
/// <param name="written">How many they became.</param>
/// <param name="isFinalBlock">Whether nothing follows.</param>
public delegate OperationStatus Translation(ReadOnlySpan<byte> source, Span<byte> target, out int consumed, out int written, bool isFinalBlock);

/// <summary>Another content in other bytes, which are made while they are read.</summary>
internal sealed class TranslatedContent(FileContent source, Translation translation) : FileContent
{
    private long? _length;

    /// <summary>Known once the content has been read through.</summary>
    public override long Length => _length ??= Measure();

    public override Stream OpenRead() => new TranslatedStream(source.OpenRead(), translation, this);

    private long Measure()
    {
        using var stream = new TranslatedStream(source.OpenRead(), translation, this);
        return stream.SkipToEnd();
    }
}
