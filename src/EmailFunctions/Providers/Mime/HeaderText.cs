using System.Text;
using System.Text.RegularExpressions;
using MimeKit;

namespace EmailFunctions.Providers.Mime;

/// <summary>Writes what a client gave as the text of a header field, so that it is read as that text and nothing else.</summary>
internal static partial class HeaderText
{
    // Makes an encoded word of at most 72 characters; 75 are allowed (RFC 2047 section 2).
    private const int BytesPerWord = 45;

    /// <summary>A field of unstructured text.</summary>
    public static Header Write(string name, string value)
    {
        // A line can't be folded within a run of spaces, and may not be longer than 998 octets (RFC 5322 section 2.1.1).
        var text = Gap().Replace(value, " ");
        var header = new Header(Encoding.UTF8, name, text);
        if (EncodedWord().IsMatch(text))
            header.SetRawValue(Encoding.ASCII.GetBytes(EncodedWords(text)));
        return header;
    }

    /// <summary>The text of such a field in one line of ASCII, for whoever folds it himself.</summary>
    public static string Encode(string name, string value) =>
        Ascii.IsValid(value) && !EncodedWord().IsMatch(value) ? value : LineEnd().Replace(Encoding.ASCII.GetString(Write(name, value).RawValue), "").Trim();

    /// <summary>A field whose text is JSON; it may be written in other words, but parses the same.</summary>
    public static Header WriteJson(string name, string json) =>
        Write(name, json.Replace("  ", @" \u0020", StringComparison.Ordinal).Replace("=?", @"=\u003f", StringComparison.Ordinal));

    // Text that looks like an encoded word would be decoded by its reader, and MimeKit may fold it into a line of its own.
    private static string EncodedWords(string text)
    {
        var field = new StringBuilder();
        var word = new List<byte>(BytesPerWord);
        foreach (var rune in text.EnumerateRunes())
        {
            if (word.Count + rune.Utf8SequenceLength > BytesPerWord)
                Flush();
            word.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
        }

        Flush();
        return field.ToString();

        void Flush()
        {
            field.Append(" =?utf-8?b?").Append(Convert.ToBase64String(word.ToArray())).Append("?=\r\n");
            word.Clear();
        }
    }

    [GeneratedRegex(@"\r?\n")]
    private static partial Regex LineEnd();

    [GeneratedRegex(" {100,}")]
    private static partial Regex Gap();

    [GeneratedRegex(@"=\?[^?\s]*\?[BbQq]\?")]
    private static partial Regex EncodedWord();
}
