using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace EmailFunctions.Configs;

/// <summary>A tenant's configuration as a client writes it; a field that is absent or null takes its default.</summary>
public sealed record ConfigFields
{
    [Description("smtp, aws_ses (ses is another name for it), sendgrid, mailgun, console or file.")]
    [Required]
    [MaxLength(8)]
    public string? ProviderType { get; init; }

    [Description("False: the tenant's mail goes through the system default provider.")]
    [DefaultValue(true)]
    public bool? IsActive { get; init; }

    [Length(1, 255)]
    public string? SmtpHost { get; init; }

    [Description("Default 587, or 465 with smtp_use_ssl.")]
    [Range(1, 65535)]
    public int? SmtpPort { get; init; }

    [Length(1, 255)]
    public string? SmtpUsername { get; init; }

    [Description("Write-only.")]
    [Length(1, 1024)]
    public string? SmtpPassword { get; init; }

    [Description("STARTTLS, required. Default true unless smtp_use_ssl is true.")]
    public bool? SmtpUseTls { get; init; }

    [Description("TLS from the first byte. Default false.")]
    public bool? SmtpUseSsl { get; init; }

    [Length(1, 50)]
    public string? AwsRegion { get; init; }

    [Length(1, 255)]
    public string? AwsConfigurationSet { get; init; }

    [Description("Write-only.")]
    [Length(1, 1024)]
    public string? AwsAccessKey { get; init; }

    [Description("Write-only.")]
    [Length(1, 1024)]
    public string? AwsSecretKey { get; init; }

    [Description("Write-only. SendGrid, Mailgun.")]
    [Length(1, 1024)]
    public string? ApiKey { get; init; }

    [Description("An https address; for Mailgun EU https://api.eu.mailgun.net.")]
    [Length(1, 255)]
    public string? ApiEndpoint { get; init; }

    [Description("The sending domain in Mailgun's URL. Default: the domain of from_email.")]
    [Length(1, 255)]
    public string? MailgunDomain { get; init; }

    [Length(1, 254)]
    public string? FromEmail { get; init; }

    [Length(1, 100)]
    public string? FromName { get; init; }

    [Length(1, 254)]
    public string? ReplyTo { get; init; }

    [Description("0: unlimited. Absent: the system's default.")]
    [Range(0, int.MaxValue)]
    public int? RateLimitPerMinute { get; init; }

    [Description("0: unlimited. Absent: the system's default.")]
    [Range(0, int.MaxValue)]
    public int? RateLimitPerHour { get; init; }

    [Description("Messages per UTC day. 0: unlimited.")]
    [Range(0, int.MaxValue)]
    public int? DailyQuota { get; init; }

    [Description("USD per recipient, with at most 9 decimal places. Absent: the provider's usual price.")]
    [Range(0, 1_000_000_000)]
    public decimal? CostPerEmailUsd { get; init; }

    [Description("USD per UTC month, with at most 9 decimal places. 0 or absent: no budget.")]
    [Range(0, 1_000_000_000)]
    public decimal? MonthlyBudgetUsd { get; init; }

    [Description("What becomes of mail beyond daily_quota or monthly_budget_usd: defer (it waits) or reject (429 at accept). Default defer.")]
    [MaxLength(6)]
    public string? OverQuota { get; init; }

    [Description("What becomes of a message when nobody saw whether the provider took it: resend or hold. Default resend.")]
    [MaxLength(6)]
    public string? OnUnknown { get; init; }

    [Description("False: no limits. Absent: as the deployment rolls them out.")]
    public bool? RateLimitingEnabled { get; init; }

    [Description("False: no usage is recorded. Absent: as the deployment rolls it out.")]
    public bool? UsageLoggingEnabled { get; init; }

    [Description("False: no audit is recorded. Absent: as the deployment rolls it out.")]
    public bool? AuditLoggingEnabled { get; init; }

    /// <summary>The same without secrets: what may be stored in clear and shown.</summary>
    public ConfigFields WithoutSecrets() =>
        this with { SmtpPassword = null, AwsAccessKey = null, AwsSecretKey = null, ApiKey = null };

    /// <summary>The secrets among the fields, by their names on the wire.</summary>
    public Dictionary<string, string> Secrets()
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(SecretNames.SmtpPassword, SmtpPassword);
        Add(SecretNames.AwsAccessKey, AwsAccessKey);
        Add(SecretNames.AwsSecretKey, AwsSecretKey);
        Add(SecretNames.ApiKey, ApiKey);
        return secrets;

        void Add(string name, string? value)
        {
            if (value is not null)
                secrets.Add(name, value);
        }
    }

    /// <summary>Says nothing: a record prints its members, and secrets must reach no log.</summary>
    public override string ToString() => nameof(ConfigFields);
}

/// <summary>The secret fields' names on the wire; also what their ciphertexts are bound to.</summary>
internal static class SecretNames
{
    public const string SmtpPassword = "smtp_password";
    public const string AwsAccessKey = "aws_access_key";
    public const string AwsSecretKey = "aws_secret_key";
    public const string ApiKey = "api_key";

    public static IReadOnlyList<string> All { get; } = [SmtpPassword, AwsAccessKey, AwsSecretKey, ApiKey];
}
