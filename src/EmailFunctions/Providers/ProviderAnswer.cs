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
        var clean = Control().Replace(Address().Replace(answer, "<address>"), " ").Trim();
        return clean.Length > MaxLength ? clean[..MaxLength] + "…" : clean;
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

    // Anything around an at sign, quoted local parts included; rather too much than too little.
    [GeneratedRegex("""("[^"\r\n]{0,200}"|[^\s<>"'(),;:]{1,200})@[^\s<>"'(),;]{1,260}""")]
    private static partial Regex Address();

    [GeneratedRegex(@"[\p{Cc}\p{Zl}\p{Zp}]+")]
    private static partial Regex Control();
}
