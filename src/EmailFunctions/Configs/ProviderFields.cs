using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace EmailFunctions.Configs;

/// <summary>A provider as a client writes it: where it is, who sends, what opens it and what it costs.</summary>
public abstract record ProviderFields
{
    [Description("smtp, aws_ses (ses is another name for it), sendgrid, mailgun, console or file.")]
    [Required]
    [MaxLength(8)]
    public string? ProviderType { get; init; }

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

    [Description("Where access tokens come from, for a server that wants OAuth 2 (XOAUTH2) instead of a password.")]
    [Length(1, 255)]
    public string? SmtpOauthTokenUrl { get; init; }

    [Length(1, 255)]
    public string? SmtpOauthClientId { get; init; }

    [Description("Write-only.")]
    [Length(1, 1024)]
    public string? SmtpOauthClientSecret { get; init; }

    [Description("Write-only. Absent: tokens are asked for with the client's own credentials.")]
    [Length(1, 4096)]
    public string? SmtpOauthRefreshToken { get; init; }

    [Description("The scope to ask for, where the token's issuer wants one, like https://outlook.office365.com/.default.")]
    [Length(1, 255)]
    public string? SmtpOauthScope { get; init; }

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

    [Description("Write-only. Beside temporary keys.")]
    [Length(1, 4096)]
    public string? AwsSessionToken { get; init; }

    [Description("Write-only. SendGrid, Mailgun.")]
    [Length(1, 1024)]
    public string? ApiKey { get; init; }

    [Description("An https address; for Mailgun EU https://api.eu.mailgun.net, for SendGrid EU https://api.eu.sendgrid.com.")]
    [Length(1, 255)]
    public string? ApiEndpoint { get; init; }

    [Description("The sending domain in Mailgun's URL. Default: the domain of from_email.")]
    [Length(1, 255)]
    public string? MailgunDomain { get; init; }

    [Length(1, 254)]
    public string? FromEmail { get; init; }

    [Description("USD per recipient, with at most 9 decimal places. Absent: the provider's usual price.")]
    [Range(0, 1_000_000_000)]
    public decimal? CostPerEmailUsd { get; init; }

    /// <summary>The secrets among the fields, by their names on the wire.</summary>
    public virtual Dictionary<string, string> Secrets()
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(SecretNames.SmtpPassword, SmtpPassword);
        Add(SecretNames.SmtpOauthClientSecret, SmtpOauthClientSecret);
        Add(SecretNames.SmtpOauthRefreshToken, SmtpOauthRefreshToken);
        Add(SecretNames.AwsAccessKey, AwsAccessKey);
        Add(SecretNames.AwsSecretKey, AwsSecretKey);
        Add(SecretNames.AwsSessionToken, AwsSessionToken);
        Add(SecretNames.ApiKey, ApiKey);
        return secrets;

        void Add(string name, string? value)
        {
            if (value is not null)
                secrets.Add(name, value);
        }
    }

    /// <summary>Says nothing: a record prints its members, and secrets must reach no log.</summary>
    public override string ToString() => nameof(ProviderFields);

    protected ProviderFields Bare() => this with
    {
        SmtpPassword = null,
        SmtpOauthClientSecret = null,
        SmtpOauthRefreshToken = null,
        AwsAccessKey = null,
        AwsSecretKey = null,
        AwsSessionToken = null,
        ApiKey = null,
    };
}

/// <summary>The provider that sends where the first one can't. Its name and reply address are the first one's, and so is its sender unless it has its own.</summary>
public sealed record FallbackFields : ProviderFields
{
    /// <summary>The same without secrets: what may be stored in clear and shown.</summary>
    public FallbackFields WithoutSecrets() => (FallbackFields)Bare();

    public override string ToString() => nameof(FallbackFields);
}
