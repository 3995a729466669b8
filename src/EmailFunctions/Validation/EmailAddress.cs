using System.Globalization;
using System.Text;

namespace EmailFunctions.Validation;

/// <summary>
/// The addresses that are taken: a dot-atom, an at sign, a host name (RFC 5321 section 4.1.2, with the Unicode of RFC 6531).
/// Quoted local parts, comments, address literals, display names, the routes of old (<c>user%host@relay</c>,
/// <c>host!user@relay</c>) and encoded words are not: mail libraries and servers disagree on what they mean, and where two readers
/// disagree mail goes to the wrong one.
/// </summary>
public static class EmailAddress
{
    public const string Requirement = "must be an address like name@example.com, without display name, quotes or spaces";

    /// <summary>Octets of an address, of RFC 5321 section 4.5.3.1.3 less the angle brackets.</summary>
    public const int MaxBytes = 254;

    private const int MaxLocalBytes = 64;
    private const string AtomSymbols = "#$&'*+-/=?^_`{|}~";
    private const string EncodedWord = "=?";
    private const string Punycode = "xn--";

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    public static bool IsValid(string? address)
    {
        if (address is null || address.Length > MaxBytes || !TryCountBytes(address, out var bytes) || bytes > MaxBytes)
            return false;
        var at = address.IndexOf('@');
        return at > 0 && IsLocalPart(address.AsSpan(0, at)) && AsciiDomain(address[(at + 1)..]) is not null;
    }

    /// <summary>A domain as DNS has it, in A-labels (RFC 5890 section 2.3.2.1) and lower case; null: no address here may have it.</summary>
    public static string? AsciiDomain(string domain)
    {
        if (domain.Length is 0 or > MaxBytes || !IsDomainText(domain))
            return null;
        try
        {
            var ascii = Idn.GetAscii(domain).ToLowerInvariant();
            return IsHostName(ascii) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // False for a lone surrogate, which no encoding can carry.
    private static bool TryCountBytes(string text, out int bytes)
    {
        bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar)
                return false;
            bytes += rune.Utf8SequenceLength;
        }

        return true;
    }

    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        if (Encoding.UTF8.GetByteCount(local) > MaxLocalBytes || local[0] == '.' || local[^1] == '.'
            || local.Contains("..", StringComparison.Ordinal) || local.Contains(EncodedWord, StringComparison.Ordinal))
            return false;
        foreach (var rune in local.EnumerateRunes())
        {
            var allowed = rune.IsAscii
                ? char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value == '.' || AtomSymbols.Contains((char)rune.Value)
                : InternationalText.IsLocal(rune);
            if (!allowed)
                return false;
        }

        return true;
    }

    private static bool IsHostName(string ascii)
    {
        var labels = ascii.Split('.');
        return ascii.Length <= 253
            && (labels.Length > 1 || ascii == "localhost")
            && labels.All(IsLabel)
            && !labels[^1].All(char.IsAsciiDigit);
    }

    // The dots of other scripts, which are dots to IDNA and plain characters to others, are punctuation and so refused.
    private static bool IsDomainText(string domain)
    {
        foreach (var rune in domain.EnumerateRunes())
        {
            if (!rune.IsAscii && !InternationalText.IsDomain(rune))
                return false;
        }

        return true;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && (!label.StartsWith(Punycode, StringComparison.Ordinal) || IsPunycode(label));

    // A reader that shows the decoded name must show one that could have been written, and that leads back to the same label.
    private static bool IsPunycode(string label)
    {
        try
        {
            var text = Idn.GetUnicode(label);
            return text != label && IsDomainText(text) && Idn.GetAscii(text) == label;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
