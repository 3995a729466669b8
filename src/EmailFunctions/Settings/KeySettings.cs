using System.Buffers.Text;

namespace EmailFunctions.Settings;

/// <summary>Keys that settings hold themselves, instead of naming them.</summary>
internal static class KeySettings
{
    /// <summary>The setting with the key that wraps.</summary>
    public const string Name = "EMAIL_ENCRYPTION_KEY";

    /// <summary>The setting with those that it replaced.</summary>
    public const string PreviousName = "EMAIL_ENCRYPTION_KEY_PREVIOUS";

    private const int KeyBytes = 32;
    private const string Requirement = "32 bytes in base64 or base64url; make one with: openssl rand -base64 32";

    /// <summary>The key; null: there is none.</summary>
    public static byte[]? Read(SettingsReader reader)
    {
        if (reader.Text(Name) is not { } text)
            return null;
        if (Decode(text) is { } key)
            return key;
        reader.Reject(Name, "must be " + Requirement);
        return null;
    }

    /// <summary>The keys that it replaced.</summary>
    public static IReadOnlyList<byte[]> ReadPrevious(SettingsReader reader)
    {
        var texts = (reader.Text(PreviousName) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var keys = texts.Select(Decode).OfType<byte[]>().ToList();
        if (keys.Count < texts.Length)
            reader.Reject(PreviousName, "must be keys with commas between them, each " + Requirement);
        return keys;
    }

    private static byte[]? Decode(string text)
    {
        // Both alphabets, with or without the padding.
        var url = text.Trim().Replace('+', '-').Replace('/', '_');
        return Base64Url.IsValid(url, out var length) && length == KeyBytes ? Base64Url.DecodeFromChars(url) : null;
    }
}
