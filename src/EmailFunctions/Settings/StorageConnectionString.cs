using System.Diagnostics.CodeAnalysis;

namespace EmailFunctions.Settings;

/// <summary>
/// Checks a storage account's connection string (learn.microsoft.com, "Configure Azure Storage connection strings") before the clients
/// read it, each in its own way and only once it is needed. What is wrong is said without a word of what it holds.
/// </summary>
internal static class StorageConnectionString
{
    private const string EmulatorAccount = "devstoreaccount1";

    private static readonly string[] Services = ["TableEndpoint", "BlobEndpoint", "QueueEndpoint"];

    private static readonly string[] Known =
    [
        .. Services, "UseDevelopmentStorage", "DevelopmentStorageProxyUri", "DefaultEndpointsProtocol", "AccountName", "AccountKey", "SharedAccessSignature", "EndpointSuffix", "FileEndpoint",
        "TableSecondaryEndpoint", "BlobSecondaryEndpoint", "QueueSecondaryEndpoint", "FileSecondaryEndpoint",
    ];

    /// <summary>Reads whether it is that of an emulator, where it can be used at all.</summary>
    /// <param name="text">The connection string.</param>
    /// <param name="isDevelopment">Whether it names the account that every emulator has, whose key is public.</param>
    /// <param name="mistake">What is wrong with it, to be said behind its name.</param>
    public static bool TryRead(string text, out bool isDevelopment, [NotNullWhen(false)] out string? mistake)
    {
        var parts = Split(text);
        isDevelopment = parts is not null && IsDevelopment(parts);
        mistake = parts is null ? "must be a connection string of NAME=VALUE parts, each once and with a name that Azure Storage knows"
            : IsEmulatorAlone(parts) ? null
            : !HasAccess(parts) ? "must be a connection string with AccountName and AccountKey, or with SharedAccessSignature, TableEndpoint, BlobEndpoint and QueueEndpoint"
            : !isDevelopment && !IsEncrypted(parts) ? "must lead to https addresses"
            : null;
        return mistake is null;
    }

    private static Dictionary<string, string>? Split(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Keys are base64, which may end with this sign.
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || !Known.Contains(part[..at], StringComparer.OrdinalIgnoreCase) || !parts.TryAdd(part[..at], part[(at + 1)..]))
                return null;
        }

        return parts;
    }

    private static bool IsEmulatorAlone(Dictionary<string, string> parts) =>
        parts.TryGetValue("UseDevelopmentStorage", out var value) && value.Equals("true", StringComparison.OrdinalIgnoreCase);

    private static bool IsDevelopment(Dictionary<string, string> parts) =>
        IsEmulatorAlone(parts) || parts.GetValueOrDefault("AccountName") == EmulatorAccount;

    private static bool HasAccess(Dictionary<string, string> parts) => parts.TryGetValue("AccountKey", out var key)
        ? parts.GetValueOrDefault("AccountName", "").Length > 0 && key.Length > 0 && Convert.TryFromBase64String(key, new byte[key.Length], out _)
        : parts.GetValueOrDefault("SharedAccessSignature", "").Length > 0 && Array.TrueForAll(Services, parts.ContainsKey);

    private static bool IsEncrypted(Dictionary<string, string> parts) =>
        parts.GetValueOrDefault("DefaultEndpointsProtocol", "https").Equals("https", StringComparison.OrdinalIgnoreCase)
        && Services.Where(parts.ContainsKey).All(service => Uri.TryCreate(parts[service], UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps);
}
