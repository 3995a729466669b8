using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace EmailFunctions.Providers.Http;

/// <summary>Keeps a vendor from telling an account's secrets: some quote the request that they refuse.</summary>
internal static class Secrets
{
    // Shorter ones are rather a word of the answer.
    private const int MinLength = 8;

    /// <summary>Whether a secret can be written in a header field at all (RFC 9110 section 5.5): anything else is no vendor's key.</summary>
    public static bool IsKey([NotNullWhen(true)] string? secret) => secret is { Length: > 0 } && secret.All(static c => c is > ' ' and <= '~');

    /// <summary>The text without any of the account's secrets, in clear or as HTTP carries them.</summary>
    public static string Remove(string text, ProviderSecrets secrets)
    {
        foreach (var secret in new[] { secrets.ApiKey, secrets.AwsAccessKey, secrets.AwsSecretKey, secrets.AwsSessionToken })
        {
            if (secret is not { Length: >= MinLength })
                continue;
            text = text.Replace(secret, "<secret>", StringComparison.Ordinal)
                .Replace(Uri.EscapeDataString(secret), "<secret>", StringComparison.Ordinal)
                .Replace(Convert.ToBase64String(Encoding.UTF8.GetBytes("api:" + secret)), "<secret>", StringComparison.Ordinal);
        }

        return text;
    }
}
