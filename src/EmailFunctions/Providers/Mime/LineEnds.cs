using System.Buffers;
using EmailFunctions.Messages;
using EmailFunctions.Spooling;

namespace EmailFunctions.Providers.Mime;

/// <summary>
/// Mends what MimeKit does not: a bare carriage return, which mail may not hold (RFC 5321 section 2.3.8). Some servers would take "\r.\r"
/// for the end of the message. Bare line feeds MimeKit mends itself.
/// </summary>
internal static class LineEnds
{
    /// <summary>The text as UTF-8, mended where it needs that.</summary>
    public static FileContent Mend(SpoolText text) =>
        text.InMemory is { } inMemory && !HasBareReturn(inMemory) ? FileContent.Of(text) : FileContent.Of(text).Translate(Mend);

    /// <summary>Writes a line feed behind each carriage return that has none. As a <see cref="Translation"/> does.</summary>
    public static OperationStatus Mend(ReadOnlySpan<byte> source, Span<byte> target, out int consumed, out int written, bool isFinalBlock)
    {
        (consumed, written) = (0, 0);
        while (!source.IsEmpty)
        {
            var run = source.IndexOf((byte)'\r');
            run = Math.Min(run < 0 ? source.Length : run, target.Length);
            source[..run].CopyTo(target);
            Advance(ref source, ref target, run, run, ref consumed, ref written);
            if (source.IsEmpty)
                break;
            // Whether a line feed follows is not known yet.
            if (source.Length == 1 && source[0] == '\r' && !isFinalBlock)
                return OperationStatus.NeedMoreData;
            if (target.Length < 2)
                return OperationStatus.DestinationTooSmall;
            "\r\n"u8.CopyTo(target);
            Advance(ref source, ref target, source is [_, (byte)'\n', ..] ? 2 : 1, 2, ref consumed, ref written);
        }

        return OperationStatus.Done;
    }

    private static bool HasBareReturn(ReadOnlySpan<char> text)
    {
        while (text.IndexOf('\r') is >= 0 and var end)
        {
            if (end + 1 == text.Length || text[end + 1] != '\n')
                return true;
            text = text[(end + 2)..];
        }

        return false;
    }

    private static void Advance(ref ReadOnlySpan<byte> source, ref Span<byte> target, int read, int wrote, ref int consumed, ref int written)
    {
        source = source[read..];
        target = target[wrote..];
        consumed += read;
        written += wrote;
    }
}
