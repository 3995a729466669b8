using System.Text;
using EmailFunctions.Spooling;

namespace EmailFunctions.Tests.Support;

/// <summary>Texts that lie in a spool, until this is disposed of.</summary>
internal sealed class Texts : IDisposable
{
    private static readonly string[] Pieces =
        ["word ", "<p class=\"x\">", "&amp;", "größe", "日本語", "🎉", "👩‍👩‍👧", "\r\n", "\n", ".\n", "=", "\t", "\\", "\"quoted\"", "\u200B", "\u00A0", "https://example.com/?a=1&b=2 ", "</p>\r\n"];

    private readonly Spool _spool = Spools.InTemporaryFolder().Create();

    public void Dispose() => _spool.Dispose();

    /// <summary>A text that lies in the spool.</summary>
    public SpoolText Spooled(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var start = _spool.Length;
        _spool.Append(utf8);
        return SpoolText.Of(_spool.Slice(start, utf8.Length), text.Contains('\0', StringComparison.Ordinal));
    }

    /// <summary>Any text of about so many UTF-16 units: words, markup, line ends, and characters of every length.</summary>
    public static string Random(Random random, int length)
    {
        var text = new StringBuilder(length + 100);
        while (text.Length < length)
            text.Append(Pieces[random.Next(Pieces.Length)]).Append('x', random.Next(3) == 0 ? random.Next(90) : 0);
        return text.ToString();
    }

    /// <summary>What a text says, wherever it lies.</summary>
    public static string? Read(SpoolText? text)
    {
        if (text is null)
            return null;
        using var reader = new StreamReader(text.OpenRead(), new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        return reader.ReadToEnd();
    }

    /// <summary>Whether two texts are the same but for the way in which their lines end.</summary>
    public static bool AreEqual(string expected, string? actual) =>
        expected.Replace("\r\n", "\n", StringComparison.Ordinal) == actual?.Replace("\r\n", "\n", StringComparison.Ordinal);
}
