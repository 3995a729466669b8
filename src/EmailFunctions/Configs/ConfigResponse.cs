using System.ComponentModel;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>A configuration as a client sees it: every field but the secrets, of which it says only whether they are there.</summary>
public sealed record ConfigResponse(
    string Id,
    string TenantId,
    string ProviderType,
    bool IsActive,
    string? SmtpHost,
    int? SmtpPort,
    string? SmtpUsername,
    bool? SmtpUseTls,
    bool? SmtpUseSsl,
    string? SmtpOauthTokenUrl,
    string? SmtpOauthClientId,
    string? SmtpOauthScope,
    string? AwsRegion,
    string? AwsConfigurationSet,
    string? ApiEndpoint,
    string? MailgunDomain,
    string? FromEmail,
    string? FromName,
    string? ReplyTo,
    IReadOnlyList<string>? AllowedFromDomains,
    int? MaxRecipientsPerMessage,
    int? MaxMessageBytes,
    int? RateLimitPerMinute,
    int? RateLimitPerHour,
    int? DailyQuota,
    decimal? CostPerEmailUsd,
    decimal? MonthlyBudgetUsd,
    string OverQuota,
    string OnUnknown,
    bool? RateLimitingEnabled,
    bool? UsageLoggingEnabled,
    bool? AuditLoggingEnabled,
    FallbackResponse? Fallback,
    bool FallbackToSystem,
    bool HasSmtpPassword,
    bool HasSmtpOauthCredentials,
    bool HasAwsCredentials,
    bool HasApiKey,
    int? EncryptionVersion,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    [Description("Why and since when the tenant is suspended, so that its mail waits; null: it is not. Shown when a configuration is read.")]
    public SuspensionView? Suspension { get; init; }

    public static ConfigResponse Of(TenantConfig config)
    {
        var fields = config.Fields;
        var providers = TenantConfig.ToProviders(fields);
        var provider = providers[0];
        var isSmtp = provider.Type == Providers.ProviderType.Smtp;
        return new ConfigResponse(
            config.Id,
            config.Tenant.Value,
            provider.Type.Name(),
            config.IsActive,
            fields.SmtpHost,
            isSmtp ? provider.SmtpPort : fields.SmtpPort,
            fields.SmtpUsername,
            isSmtp ? provider.SmtpUseTls : fields.SmtpUseTls,
            isSmtp ? provider.SmtpUseSsl : fields.SmtpUseSsl,
            fields.SmtpOauthTokenUrl,
            fields.SmtpOauthClientId,
            fields.SmtpOauthScope,
            fields.AwsRegion,
            fields.AwsConfigurationSet,
            fields.ApiEndpoint,
            fields.MailgunDomain,
            fields.FromEmail,
            fields.FromName,
            fields.ReplyTo,
            fields.AllowedFromDomains,
            fields.MaxRecipientsPerMessage,
            fields.MaxMessageBytes,
            fields.RateLimitPerMinute,
            fields.RateLimitPerHour,
            fields.DailyQuota,
            fields.CostPerEmailUsd,
            fields.MonthlyBudgetUsd,
            fields.OverQuota ?? PolicyWords.Defer,
            fields.OnUnknown ?? PolicyWords.Resend,
            fields.RateLimitingEnabled,
            fields.UsageLoggingEnabled,
            fields.AuditLoggingEnabled,
            fields.Fallback is { } fallback ? FallbackResponse.Of(fallback, providers[1], config.HasSecret) : null,
            fields.FallbackToSystem ?? false,
            config.HasSecret(SecretNames.SmtpPassword),
            config.HasSecret(SecretNames.SmtpOauthClientSecret) || config.HasSecret(SecretNames.SmtpOauthRefreshToken),
            config.HasSecret(SecretNames.AwsAccessKey) && config.HasSecret(SecretNames.AwsSecretKey),
            config.HasSecret(SecretNames.ApiKey),
            config.Secrets?.Key.Version,
            config.CreatedAt,
            config.UpdatedAt);
    }
}

/// <summary>A fallback as a client sees it.</summary>
public sealed record FallbackResponse(
    string ProviderType,
    string? SmtpHost,
    int? SmtpPort,
    string? SmtpUsername,
    bool? SmtpUseTls,
    bool? SmtpUseSsl,
    string? SmtpOauthTokenUrl,
    string? SmtpOauthClientId,
    string? SmtpOauthScope,
    string? AwsRegion,
    string? AwsConfigurationSet,
    string? ApiEndpoint,
    string? MailgunDomain,
    string? FromEmail,
    decimal? CostPerEmailUsd,
    bool HasSmtpPassword,
    bool HasSmtpOauthCredentials,
    bool HasAwsCredentials,
    bool HasApiKey)
{
    internal static FallbackResponse Of(FallbackFields fields, ProviderSettings provider, Func<string, bool> hasSecret)
    {
        var isSmtp = provider.Type == Providers.ProviderType.Smtp;
        return new FallbackResponse(
            provider.Type.Name(),
            fields.SmtpHost,
            isSmtp ? provider.SmtpPort : fields.SmtpPort,
            fields.SmtpUsername,
            isSmtp ? provider.SmtpUseTls : fields.SmtpUseTls,
            isSmtp ? provider.SmtpUseSsl : fields.SmtpUseSsl,
            fields.SmtpOauthTokenUrl,
            fields.SmtpOauthClientId,
            fields.SmtpOauthScope,
            fields.AwsRegion,
            fields.AwsConfigurationSet,
            fields.ApiEndpoint,
            fields.MailgunDomain,
            fields.FromEmail,
            fields.CostPerEmailUsd,
            Has(SecretNames.SmtpPassword),
            Has(SecretNames.SmtpOauthClientSecret) || Has(SecretNames.SmtpOauthRefreshToken),
            Has(SecretNames.AwsAccessKey) && Has(SecretNames.AwsSecretKey),
            Has(SecretNames.ApiKey));

        bool Has(string name) => hasSecret(SecretNames.FallbackPrefix + name);
    }
}
