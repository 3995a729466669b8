using System.Buffers;
using System.Text;

namespace EmailFunctions.Hardening;

/// <summary>Tells paths that everybody reads alike from those that a front end, a host and a server may each read in their own way.</summary>
internal static class PlainPath
{
    // Below it names stand in the path, which those who read them judge: producers name messages as they like, and the Functions host escapes an
    // escaped slash once more.
    private const string OfNames = "/api/";

    // A name is not escaped more often, even by what stands in between.
    private const int MostEscapes = 3;

    // RFC 3986 section 2.3.
    private static readonly SearchValues<char> Unreserved = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a request's target, as it came over the wire, names its path plainly.</summary>
    public static bool IsPlain(string target)
    {
        var path = PathOf(target);
        if (path.Length == 0 || path[0] != '/')
            return path == "*";
        var hasNames = path.StartsWith(OfNames, StringComparison.OrdinalIgnoreCase);
        var segments = path[1..].Split('/');
        for (var index = 0; index < segments.Length; index++)
        {
            // The last may be empty: a slash at the end.
            if (segments[index].Length == 0 ? index < segments.Length - 1 : !IsPlain(segments[index], hasNames))
                return false;
        }

        return true;
    }

    private static string PathOf(string target)
    {
        // A target may be a whole address (RFC 9112 section 3.2.2).
        if (target.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || target.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            target = target.IndexOf('/', target.IndexOf("//", StringComparison.Ordinal) + 2) is >= 0 and var start ? target[start..] : "/";
        return target.IndexOfAny(['?', '#']) is >= 0 and var end ? target[..end] : target;
    }

    private static bool IsPlain(string segment, bool isName)
    {
        // Nearly all: what nobody escapes.
        if (!segment.AsSpan().ContainsAnyExcept(Unreserved))
            return segment is not ("." or "..");
        if (segment.Contains('\\', StringComparison.Ordinal) || Unescape(segment) is not { } text || (!isName && text.AsSpan().IndexOfAny("/\\%") >= 0))
            return false;
        for (var escapes = 0; escapes < MostEscapes; escapes++)
        {
            if (text is "." or ".." || text.Any(char.IsControl))
                return false;
            text = Uri.UnescapeDataString(text);
        }

        return true;
    }

    // Null: an escape is cut off, or what is escaped is no UTF-8, so that readers differ in what it stands for.
    private static string? Unescape(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] != '%')
            {
                bytes.AddRange(Encoding.UTF8.GetBytes([text[index]]));
                continue;
            }

            if (index + 2 >= text.Length || !char.IsAsciiHexDigit(text[index + 1]) || !char.IsAsciiHexDigit(text[index + 2]))
                return null;
            bytes.Add(Convert.FromHexString(text.AsSpan(index + 1, 2))[0]);
            index += 2;
        }

        try
        {
            return Utf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
