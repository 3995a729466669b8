using EmailFunctions.Providers;

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
    string? AwsRegion,
    string? AwsConfigurationSet,
    string? ApiEndpoint,
    string? MailgunDomain,
    string? FromEmail,
    string? FromName,
    string? ReplyTo,
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
    bool HasSmtpPassword,
    bool HasAwsCredentials,
    bool HasApiKey,
    int? EncryptionVersion,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static ConfigResponse Of(TenantConfig config)
    {
        var fields = config.Fields;
        var provider = TenantConfig.ToProviderSettings(fields);
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
            fields.AwsRegion,
            fields.AwsConfigurationSet,
            fields.ApiEndpoint,
            fields.MailgunDomain,
            fields.FromEmail,
            fields.FromName,
            fields.ReplyTo,
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
            config.HasSecret(SecretNames.SmtpPassword),
            config.HasSecret(SecretNames.AwsAccessKey) && config.HasSecret(SecretNames.AwsSecretKey),
            config.HasSecret(SecretNames.ApiKey),
            config.Secrets?.Key.Version,
            config.CreatedAt,
            config.UpdatedAt);
    }
}
