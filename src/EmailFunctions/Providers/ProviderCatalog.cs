using System.Text.Json.Serialization;

namespace EmailFunctions.Providers;

/// <summary>What clients are told about a kind of provider.</summary>
public sealed record ProviderDescription(
    string ProviderType,
    string Name,
    string Description,
    IReadOnlyList<string> RequiredFields,
    IReadOnlyList<string> OptionalFields,
    bool SupportsAttachments,
    bool SupportsHtml,
    bool SupportsTemplates,
    [property: JsonPropertyName("estimated_cost_per_1000")] decimal EstimatedCostPer1000);

/// <summary>All kinds of provider that a configuration may name, in the order in which they are shown.</summary>
public static class ProviderCatalog
{
    private static readonly string[] SenderFields = ["from_name", "reply_to", "cost_per_email_usd", "fallback", "fallback_to_system"];

    public static IReadOnlyList<ProviderDescription> All { get; } =
    [
        Describe(ProviderType.Smtp, "SMTP", "Any mail server that speaks SMTP, with STARTTLS or implicit TLS.", ["smtp_host", "from_email"], ["smtp_port", "smtp_username", "smtp_password", "smtp_use_tls", "smtp_use_ssl", "smtp_oauth_token_url", "smtp_oauth_client_id", "smtp_oauth_client_secret", "smtp_oauth_refresh_token", "smtp_oauth_scope"]),
        Describe(ProviderType.AwsSes, "Amazon SES", "Amazon Simple Email Service, over its version 2 API.", ["aws_region", "aws_access_key", "aws_secret_key", "from_email"], ["aws_configuration_set", "aws_session_token", "api_endpoint"]),
        Describe(ProviderType.SendGrid, "SendGrid", "Twilio SendGrid, over its version 3 API.", ["api_key", "from_email"], ["api_endpoint"]),
        Describe(ProviderType.Mailgun, "Mailgun", "Mailgun, over its version 3 API, in the US or the EU.", ["api_key", "from_email"], ["api_endpoint", "mailgun_domain"]),
        Describe(ProviderType.Console, "Console", "Prints messages on standard output. For development.", [], ["from_email"]),
        Describe(ProviderType.File, "File", "Writes messages as .eml files below the data folder. For development.", [], ["from_email"]),
    ];

    /// <summary>USD per recipient unless the tenant sets its own.</summary>
    public static decimal DefaultCost(ProviderType type) => type switch
    {
        ProviderType.AwsSes => 0.10m / 1000,
        ProviderType.SendGrid => 0.15m / 1000,
        ProviderType.Mailgun => 0.80m / 1000,
        _ => 0m,
    };

    private static ProviderDescription Describe(
        ProviderType type, string name, string description, IReadOnlyList<string> required, IReadOnlyList<string> optional) =>
        new(type.Name(), name, description, required, [.. optional, .. SenderFields], true, true, false, DefaultCost(type) * 1000);
}
