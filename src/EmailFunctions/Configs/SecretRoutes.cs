using EmailFunctions.Providers;
using EmailFunctions.Wire;

namespace EmailFunctions.Configs;

/// <summary>
/// Where and how each secret is sent. Whoever may change that could otherwise have a saved secret, which nobody may read, sent to a server of
/// their own; so a change of it needs the secret again.
/// </summary>
internal static class SecretRoutes
{
    private static readonly Part[] Common = [new("provider_type", static settings => settings.Type.Name())];

    private static readonly Part[] Smtp =
    [
        .. Common,
        new("smtp_host", static settings => settings.SmtpHost?.ToLowerInvariant()),
        new("smtp_port", static settings => settings.SmtpPort),
        new("smtp_use_tls", static settings => settings.SmtpUseTls),
        new("smtp_use_ssl", static settings => settings.SmtpUseSsl),
    ];

    // The tokens that they are given for go to the server.
    private static readonly Part[] Oauth = [.. Smtp, new("smtp_oauth_token_url", static settings => settings.SmtpOAuthTokenUrl)];

    private static readonly Part[] Api = [.. Common, new("api_endpoint", static settings => settings.ApiEndpoint)];

    private static readonly Part[] Aws = [.. Api, new("aws_region", static settings => settings.AwsRegion)];

    private static readonly Dictionary<string, Part[]> Routes = new(StringComparer.Ordinal)
    {
        [SecretNames.SmtpPassword] = Smtp,
        [SecretNames.SmtpOauthClientSecret] = Oauth,
        [SecretNames.SmtpOauthRefreshToken] = Oauth,
        [SecretNames.AwsAccessKey] = Aws,
        [SecretNames.AwsSecretKey] = Aws,
        [SecretNames.AwsSessionToken] = Aws,
        [SecretNames.ApiKey] = Api,
    };

    /// <summary>Finds the saved secrets that a change would have sent elsewhere, or otherwise.</summary>
    /// <param name="current">The configuration as it is saved.</param>
    /// <param name="next">The same with the change; valid.</param>
    /// <param name="kept">The saved secrets that the change neither gives nor clears.</param>
    /// <param name="errors">Gets one for each, by the secret's field.</param>
    public static void Check(ConfigFields current, ConfigFields next, IEnumerable<string> kept, FieldErrors errors)
    {
        var (before, after) = (TenantConfig.ToProviders(current), TenantConfig.ToProviders(next));
        foreach (var name in kept)
        {
            var isFallbacks = name.StartsWith(SecretNames.FallbackPrefix, StringComparison.Ordinal);
            var (place, secret) = isFallbacks ? (1, name[SecretNames.FallbackPrefix.Length..]) : (0, name);
            var changed = Routes[secret].Where(part => !Equals(part.Of(before[place]), part.Of(after[place]))).Select(static part => part.Field).ToList();
            if (changed.Count > 0)
                errors.Add(isFallbacks ? "fallback." + secret : secret, $"must be given again, or cleared with null, since {string.Join(", ", changed)} would have the saved one sent elsewhere or otherwise");
        }
    }

    /// <summary>A field that says where or how a secret is sent, and its value with defaults filled in.</summary>
    private sealed record Part(string Field, Func<ProviderSettings, object?> Of);
}
