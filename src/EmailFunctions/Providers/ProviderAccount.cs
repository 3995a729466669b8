using EmailFunctions.Tenants;

namespace EmailFunctions.Providers;

/// <summary>How to reach a provider and as whom; no secrets.</summary>
public sealed record ProviderSettings
{
    public required ProviderType Type { get; init; }

    public string? SmtpHost { get; init; }

    public int SmtpPort { get; init; }

    public string? SmtpUsername { get; init; }

    /// <summary>STARTTLS, required.</summary>
    public bool SmtpUseTls { get; init; }

    /// <summary>TLS from the first byte.</summary>
    public bool SmtpUseSsl { get; init; }

    /// <summary>Where access tokens come from, when the server is to be opened by OAuth 2 instead of a password; null: by password.</summary>
    public string? SmtpOAuthTokenUrl { get; init; }

    public string? SmtpOAuthClientId { get; init; }

    /// <summary>Of the token, where the token's issuer asks for one; null: none.</summary>
    public string? SmtpOAuthScope { get; init; }

    public string? AwsRegion { get; init; }

    public string? AwsConfigurationSet { get; init; }

    public string? ApiEndpoint { get; init; }

    public string? MailgunDomain { get; init; }

    public string? FromEmail { get; init; }

    public string? FromName { get; init; }

    /// <summary>From which domains it sends; null: from any.</summary>
    public SenderRule? AllowedSenders { get; init; }

    public string? ReplyTo { get; init; }

    /// <summary>USD per recipient.</summary>
    public decimal CostPerEmailUsd { get; init; }
}

/// <summary>A provider's secrets, in clear. Held only while they are in use.</summary>
public sealed record ProviderSecrets
{
    public static ProviderSecrets None { get; } = new();

    public string? SmtpPassword { get; init; }

    public string? SmtpOAuthClientSecret { get; init; }

    /// <summary>Null: the client itself is let in (RFC 6749 section 4.4).</summary>
    public string? SmtpOAuthRefreshToken { get; init; }

    /// <summary>Null, as the secret key: the service's own credentials, where the deployment allows that.</summary>
    public string? AwsAccessKey { get; init; }

    public string? AwsSecretKey { get; init; }

    /// <summary>Beside temporary keys; null with lasting ones.</summary>
    public string? AwsSessionToken { get; init; }

    public string? ApiKey { get; init; }

    /// <summary>Says nothing: a record prints its members, and these must reach no log.</summary>
    public override string ToString() => nameof(ProviderSecrets);
}

/// <summary>A provider ready to be used.</summary>
/// <param name="Owner">Whose it is; connections are never shared between owners.</param>
/// <param name="Version">Changes with every change of the configuration; connections of an older one are let go.</param>
/// <param name="Settings">How to reach it.</param>
/// <param name="Secrets">What opens it.</param>
public sealed record ProviderAccount(TenantId Owner, string Version, ProviderSettings Settings, ProviderSecrets Secrets)
{
    /// <summary>0 for the owner's first provider, 1 for its fallback: they share neither connections nor what is known of their health.</summary>
    public int Place { get; init; }

    /// <summary>Whether it sends what the tenant's own provider can't take.</summary>
    public bool IsFallback { get; init; }
}
