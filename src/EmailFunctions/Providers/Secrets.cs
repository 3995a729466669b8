using System.Text;

namespace EmailFunctions.Providers;

/// <summary>Keeps a provider from telling an account's secrets: some quote the request that they refuse.</summary>
internal static class Secrets
{
    private const string Mark = "<secret>";

    // Shorter ones are rather a word of the answer.
    private const int MinLength = 8;

    /// <summary>The text without any of the account's secrets, in clear or as HTTP and SMTP (RFC 4616, RFC 4954) carry them.</summary>
    public static string Remove(string text, ProviderAccount account)
    {
        var secrets = account.Secrets;
        if (secrets.SmtpPassword is { } password)
            text = Remove(text, Base64($"\0{account.Settings.SmtpUsername}\0{password}"));
        foreach (var secret in new[]
        {
            secrets.ApiKey, secrets.AwsAccessKey, secrets.AwsSecretKey, secrets.AwsSessionToken, secrets.SmtpPassword, secrets.SmtpOAuthClientSecret, secrets.SmtpOAuthRefreshToken,
        })
        {
            if (secret is { Length: >= MinLength })
                text = Remove(Remove(Remove(Remove(text, secret), Uri.EscapeDataString(secret)), Base64("api:" + secret)), Base64(secret));
        }

        return text;
    }

    private static string Remove(string text, string secret) => text.Replace(secret, Mark, StringComparison.Ordinal);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
