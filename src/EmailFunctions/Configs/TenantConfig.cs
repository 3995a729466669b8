using EmailFunctions.Keys;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>A tenant's saved configuration; its secrets are encrypted.</summary>
public sealed record TenantConfig
{
    public required TenantId Tenant { get; init; }

    /// <summary>Stays the same as long as the configuration exists; secrets are bound to it.</summary>
    public required string Id { get; init; }

    /// <summary>Without secrets.</summary>
    public required ConfigFields Fields { get; init; }

    /// <summary>Null where there are none.</summary>
    public SealedSecrets? Secrets { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Counts its changes. A data key that is wrapped anew is none: what it sends by stays the same.</summary>
    public long Revision { get; init; }

    /// <summary>The stored version; null before it is stored.</summary>
    public string? ETag { get; init; }

    /// <summary>The one in whose place it was written just now; null: it is new, or was read.</summary>
    public TenantConfig? Replaced { get; init; }

    public bool IsActive => Fields.IsActive ?? true;

    /// <summary>What secrets are bound to, so that they decrypt in this configuration only.</summary>
    public string SecretsOwner => OwnerOf(Tenant, Id);

    public static string OwnerOf(TenantId tenant, string id) => $"{tenant}/{id}";

    public bool HasSecret(string name) => Secrets?.Ciphertexts.ContainsKey(name) ?? false;

    /// <summary>Those who are to send, in the order in which they are asked: the first one, and its fallback. Defaults are filled in.</summary>
    public static IReadOnlyList<ProviderSettings> ToProviders(ConfigFields fields)
    {
        var first = ToSettings(fields) with
        {
            FromName = fields.FromName,
            ReplyTo = fields.ReplyTo,
            AllowedSenders = fields.AllowedFromDomains is { } domains ? SenderRule.OfTenant(domains) : null,
        };
        return fields.Fallback is { } second
            ? [first, ToSettings(second) with { FromEmail = second.FromEmail ?? first.FromEmail, FromName = first.FromName, ReplyTo = first.ReplyTo, AllowedSenders = first.AllowedSenders }]
            : [first];
    }

    /// <summary>The port of a server of SMTP, which is that of its kind of TLS where none is named (RFC 8314 section 3.3).</summary>
    public static int SmtpPortOf(ProviderFields fields) => fields.SmtpPort ?? (fields.SmtpUseSsl == true ? 465 : 587);

    private static ProviderSettings ToSettings(ProviderFields fields)
    {
        if (!ProviderTypes.TryParse(fields.ProviderType, out var type))
            throw new InvalidOperationException("A saved configuration has an unknown provider.");
        var ssl = fields.SmtpUseSsl ?? false;
        return new ProviderSettings
        {
            Type = type,
            SmtpHost = fields.SmtpHost,
            SmtpPort = SmtpPortOf(fields),
            SmtpUsername = fields.SmtpUsername,
            SmtpUseSsl = ssl,
            SmtpUseTls = fields.SmtpUseTls ?? !ssl,
            SmtpOAuthTokenUrl = fields.SmtpOauthTokenUrl,
            SmtpOAuthClientId = fields.SmtpOauthClientId,
            SmtpOAuthScope = fields.SmtpOauthScope,
            AwsRegion = fields.AwsRegion,
            AwsConfigurationSet = fields.AwsConfigurationSet,
            ApiEndpoint = fields.ApiEndpoint,
            MailgunDomain = fields.MailgunDomain,
            FromEmail = fields.FromEmail,
            CostPerEmailUsd = fields.CostPerEmailUsd ?? ProviderCatalog.DefaultCost(type),
        };
    }
}
