using EmailFunctions.Configs;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Validation;

namespace EmailFunctions.Settings;

/// <summary>The system default provider: <c>EMAIL_BACKEND</c> and what it needs.</summary>
internal static class SystemProviderSettings
{
    /// <summary>Whether mail may be sent with the service's own AWS credentials.</summary>
    public const string OwnCredentials = "EMAIL_AWS_DEFAULT_CREDENTIALS";

    private const string Backend = "EMAIL_BACKEND";
    private const string Sender = "EMAIL_FROM_EMAIL";

    // So that the first mail on a desk needs no setting.
    private const string DeskSender = "no-reply@localhost";

    /// <param name="reader">Reads the settings.</param>
    /// <param name="isDesk">Whether mail may be written to files and to the console, which in Azure would go with the instance, and into the logs.</param>
    public static SystemProvider Read(SettingsReader reader, bool isDesk)
    {
        var type = ReadType(reader, isDesk);
        var needsSender = type is not (ProviderType.File or ProviderType.Console);
        var settings = new ProviderSettings
        {
            Type = type,
            FromEmail = ReadSender(reader, needsSender) ?? (isDesk ? DeskSender : null),
            FromName = ReadName(reader),
            AllowedSenders = ReadRule(reader),
            CostPerEmailUsd = ProviderCatalog.DefaultCost(type),
        };
        (settings, var secrets) = type switch
        {
            ProviderType.Smtp => ReadSmtp(reader, settings),
            ProviderType.AwsSes => ReadSes(reader, settings),
            ProviderType.SendGrid => (settings, ReadKey(reader, "SENDGRID_API_KEY")),
            ProviderType.Mailgun => (settings, ReadKey(reader, "MAILGUN_API_KEY")),
            _ => (settings, ProviderSecrets.None),
        };
        return new SystemProvider(new ProviderAccount(TenantId.System, "settings", settings, secrets));
    }

    private static ProviderType ReadType(SettingsReader reader, bool isDesk)
    {
        if (reader.Text(Backend) is not { } name)
            return ProviderType.File;
        if (!ProviderTypes.TryParse(name.ToLowerInvariant(), out var type))
            reader.Reject(Backend, "must be " + ProviderTypes.Choices);
        else if (!isDesk && type is ProviderType.File or ProviderType.Console)
            reader.Reject(Backend, "can't be console or file in Azure, where mail would end in logs or go with the instance; leave it out where every tenant has a provider of its own");
        else
            return type;
        return ProviderType.File;
    }

    private static string? ReadSender(SettingsReader reader, bool isNeeded)
    {
        var sender = reader.Text(Sender);
        if (sender is null && isNeeded)
            reader.Reject(Sender, "is required with this EMAIL_BACKEND");
        else if (sender is not null && !EmailAddress.IsValid(sender))
            reader.Reject(Sender, EmailAddress.Requirement);
        return sender;
    }

    // Where the deployment names no sender, which only those need not that send nothing anywhere, it names no domain either.
    private static SenderRule? ReadRule(SettingsReader reader) =>
        reader.Text(Sender) is { } sender && EmailAddress.IsValid(sender) ? SenderRule.OfSystem(sender) : null;

    private static string? ReadName(SettingsReader reader)
    {
        var name = reader.Text("EMAIL_FROM_NAME");
        if (name is { Length: > 100 } || name?.Any(char.IsControl) == true)
            reader.Reject("EMAIL_FROM_NAME", "must have at most 100 characters, without control characters");
        return name;
    }

    private static (ProviderSettings Settings, ProviderSecrets Secrets) ReadSmtp(SettingsReader reader, ProviderSettings common)
    {
        var host = reader.Text("EMAIL_SMTP_HOST");
        if (host is null || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            reader.Reject("EMAIL_SMTP_HOST", "must be a host name or an IP address when EMAIL_BACKEND is smtp");
        var user = reader.Text("EMAIL_SMTP_USERNAME");
        var password = reader.Text("EMAIL_SMTP_PASSWORD");
        if (user is null != password is null)
            reader.Reject(user is null ? "EMAIL_SMTP_USERNAME" : "EMAIL_SMTP_PASSWORD", "is required beside the other of the two");
        var port = reader.Number("EMAIL_SMTP_PORT", 587, 1, 65_535);
        // 465 is the port of implicit TLS (RFC 8314 section 3.3).
        var tls = reader.Flag("EMAIL_SMTP_USE_TLS", true);
        var settings = common with
        {
            SmtpHost = host,
            SmtpPort = port,
            SmtpUsername = user,
            SmtpUseTls = tls && port != 465,
            SmtpUseSsl = tls && port == 465,
        };
        return (settings, new ProviderSecrets { SmtpPassword = password });
    }

    // By the names that the vendors' own tools give them.
    private static (ProviderSettings Settings, ProviderSecrets Secrets) ReadSes(SettingsReader reader, ProviderSettings common)
    {
        var region = reader.Text("AWS_REGION");
        if (!ProviderGrammar.IsAwsRegion(region))
            reader.Reject("AWS_REGION", "must be a region like eu-west-1 when EMAIL_BACKEND is aws_ses");
        var (key, secret) = (reader.Text("AWS_ACCESS_KEY_ID"), reader.Text("AWS_SECRET_ACCESS_KEY"));
        if (key is null != secret is null)
            reader.Reject(key is null ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY", "is required beside the other of the two");
        else if (key is null && !reader.Flag(OwnCredentials, false))
            reader.Reject("AWS_ACCESS_KEY_ID", $"is required when EMAIL_BACKEND is aws_ses and {OwnCredentials} is not true");
        return (common with { AwsRegion = region }, new ProviderSecrets { AwsAccessKey = key, AwsSecretKey = secret, AwsSessionToken = key is null ? null : reader.Text("AWS_SESSION_TOKEN") });
    }

    private static ProviderSecrets ReadKey(SettingsReader reader, string name)
    {
        var key = reader.Text(name);
        if (!ProviderGrammar.IsKey(key))
            reader.Reject(name, "must be the account's key, without spaces, with this EMAIL_BACKEND");
        return new ProviderSecrets { ApiKey = key };
    }
}
