namespace EmailFunctions.Configs;

/// <summary>The secret fields' names on the wire; also what their ciphertexts are bound to.</summary>
internal static class SecretNames
{
    public const string SmtpPassword = "smtp_password";
    public const string SmtpOauthClientSecret = "smtp_oauth_client_secret";
    public const string SmtpOauthRefreshToken = "smtp_oauth_refresh_token";
    public const string AwsAccessKey = "aws_access_key";
    public const string AwsSecretKey = "aws_secret_key";
    public const string AwsSessionToken = "aws_session_token";
    public const string ApiKey = "api_key";

    /// <summary>What the names of the fallback's secrets begin with, where both providers' lie together.</summary>
    public const string FallbackPrefix = "fallback_";

    /// <summary>Those of one provider.</summary>
    public static IReadOnlyList<string> OfProvider { get; } =
        [SmtpPassword, SmtpOauthClientSecret, SmtpOauthRefreshToken, AwsAccessKey, AwsSecretKey, AwsSessionToken, ApiKey];

    /// <summary>Those of both providers.</summary>
    public static IReadOnlyList<string> All { get; } = [.. OfProvider, .. OfProvider.Select(static name => FallbackPrefix + name)];
}
