using System.Text;

namespace EmailFunctions.Providers.Http;

/// <summary>Keeps a vendor from telling an account's secrets: some quote the request that they refuse.</summary>
internal static class Secrets
{
    // Shorter ones are rather a word of the answer.
    private const int MinLength = 8;

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
