using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>Where a key of a vault is: <c>https://{vault}/keys/{name}</c>, of which each version has an address below it.</summary>
internal sealed partial record KeyVaultAddress
{
    private KeyVaultAddress(Uri key, string name)
    {
        Key = key;
        Name = name;
    }

    /// <summary>The key's address, without a version.</summary>
    public Uri Key { get; }

    /// <summary>The key's name within its vault.</summary>
    public string Name { get; }

    /// <summary>Reads a key's address.</summary>
    /// <param name="text">The address as the operator wrote it.</param>
    /// <param name="allowLoopbackHttp">Whether http to this machine will do; for tests.</param>
    /// <param name="address">The address, where it is one.</param>
    /// <param name="mistake">What is wrong with it, as a sentence, where it is none.</param>
    public static bool TryParse(
        string text, bool allowLoopbackHttp, [NotNullWhen(true)] out KeyVaultAddress? address, [NotNullWhen(false)] out string? mistake)
    {
        address = null;
        mistake = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0
            || KeyPath().Match(uri.AbsolutePath) is not { Success: true } path)
        {
            mistake = "It must be the address of a Key Vault key, such as https://my-vault.vault.azure.net/keys/my-key.";
            return false;
        }

        if (uri.Scheme != Uri.UriSchemeHttps && !(allowLoopbackHttp && uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            mistake = "The address of a Key Vault key begins with https://.";
        else if (path.Groups["version"].Success)
            mistake = "The address of the Key Vault key must not name a version: new data is encrypted under the newest.";
        else
            address = new KeyVaultAddress(new Uri(uri, $"/keys/{path.Groups["name"].Value}"), path.Groups["name"].Value);
        return address is not null;
    }

    /// <summary>The version that a key identifier names; null when it is of another key or vault, or no identifier at all.</summary>
    public string? VersionOf(string keyId)
    {
        if (!Uri.TryCreate(keyId, UriKind.Absolute, out var uri) || !IsOfThisVault(uri) || uri.Query.Length > 0)
            return null;

        var path = KeyPath().Match(uri.AbsolutePath);
        return path.Success && string.Equals(path.Groups["name"].Value, Name, StringComparison.OrdinalIgnoreCase) && path.Groups["version"].Success
            ? path.Groups["version"].Value
            : null;
    }

    /// <summary>Whether an address is one of this vault; a token for the vault goes nowhere else.</summary>
    public bool IsOfThisVault(Uri uri) =>
        uri.Scheme == Key.Scheme && uri.UserInfo.Length == 0 && string.Equals(uri.Authority, Key.Authority, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => Key.AbsoluteUri;

    // Names by learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates.
    [GeneratedRegex("^/keys/(?<name>[0-9a-zA-Z-]{1,127})(/(?<version>[0-9a-zA-Z]{1,64}))?/?$", RegexOptions.CultureInvariant)]
    private static partial Regex KeyPath();
}
