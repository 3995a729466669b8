using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace EmailFunctions.Providers;

/// <summary>Makes a provider's answer fit to be kept: servers like to quote the address they refuse.</summary>
internal static partial class ProviderAnswer
{
    private const int MaxLength = 300;

    // Shorter ones are rather a word of the answer than a name, and would make it unreadable.
    private const int MinNameLength = 3;

    [return: NotNullIfNotNull(nameof(answer))]
    public static string? Clean(string? answer)
    {
        if (answer is null)
            return null;
        var named = Word().Replace(answer, static word => HoldsAddress(word.ValueSpan) ? "<address>" : word.Value);
        return Cut(Control().Replace(named, " ").Trim());
    }

    /// <summary>The same without the recipients' names before the at sign: some servers quote those alone ("bob: no such user").</summary>
    [return: NotNullIfNotNull(nameof(answer))]
    public static string? WithoutNames(string? answer, IEnumerable<string> recipients)
    {
        foreach (var address in recipients)
        {
            var name = address[..Math.Max(address.LastIndexOf('@'), 0)];
            if (name.Length >= MinNameLength && answer?.Contains(name, StringComparison.OrdinalIgnoreCase) == true)
                answer = Regex.Replace(answer, $@"(?<!\w){Regex.Escape(name)}(?!\w)", "<name>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        }

        return answer;
    }

    private static string Cut(string text)
    {
        if (text.Length <= MaxLength)
            return text;
        var end = MaxLength - 1;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)] + "…";
    }

    // At signs as mail, links and East Asian keyboards write them.
    private static bool HoldsAddress(ReadOnlySpan<char> word) =>
        word.ContainsAny('@', '\uFF20') || word.Contains("%40", StringComparison.Ordinal);

    // Whole words, with a quoted local part before them: rather too much than too little, and linear in the answer's length.
    [GeneratedRegex("""("(\\.|[^"\\\r\n]){0,200}"(?=@))?[^\s<>"(),;]+""", RegexOptions.ExplicitCapture)]
    private static partial Regex Word();

    [GeneratedRegex(@"[\p{Cc}\p{Zl}\p{Zp}]+")]
    private static partial Regex Control();
}
