using System.Text.RegularExpressions;
using EmailFunctions.Messages;

namespace EmailFunctions.Providers.Ses;

/// <summary>
/// A message's metadata and tags as SES's tags, by which it sorts what it reports. They know few characters and must have different
/// names; what they can't say is in the message's headers all the same.
/// </summary>
internal static partial class SesTags
{
    private const int MaxCount = 50;
    private const int MaxLength = 256;

    // A tag has no value, and SES wants one.
    private const string Present = "1";

    public static IReadOnlyList<KeyValuePair<string, string>> Of(EmailContent content)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        return [.. content.Metadata
            .Concat(content.Tags.Select(static tag => KeyValuePair.Create(tag, Present)))
            .Take(MaxCount)
            .Select(pair => KeyValuePair.Create(Unique(Allowed(pair.Key), names), Allowed(pair.Value)))];
    }

    // SES takes ASCII letters, digits, underscore and dash, at least one and at most 256 of them.
    private static string Allowed(string text)
    {
        var allowed = Other().Replace(text, "_");
        return allowed.Length == 0 ? "_" : allowed[..Math.Min(allowed.Length, MaxLength)];
    }

    private static string Unique(string name, HashSet<string> names)
    {
        var unique = name;
        for (var number = 2; !names.Add(unique); number++)
        {
            var suffix = $"_{number}";
            unique = name[..Math.Min(name.Length, MaxLength - suffix.Length)] + suffix;
        }

        return unique;
    }

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex Other();
}
