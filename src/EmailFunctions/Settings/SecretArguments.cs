namespace EmailFunctions.Settings;

/// <summary>
/// Settings may be command-line options, but not those that are secret: every user of the machine can read a process's arguments, and shells
/// and supervisors keep them.
/// </summary>
internal static class SecretArguments
{
    private static readonly string[] Names =
    [
        KeySettings.Name, KeySettings.PreviousName, "EMAIL_SMTP_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SENDGRID_API_KEY", "MAILGUN_API_KEY",
        "AzureWebJobsStorage", "ServiceBus", "APPLICATIONINSIGHTS_CONNECTION_STRING", "OTEL_EXPORTER_OTLP_HEADERS",
    ];

    /// <summary>Rejects the secrets among a process's arguments, by their names.</summary>
    public static void Reject(SettingsReader reader, IEnumerable<string> arguments)
    {
        foreach (var argument in arguments)
        {
            // --NAME=value, --NAME value, /NAME=value and NAME=value are all options.
            var name = argument.TrimStart('-', '/').Split('=', 2)[0];
            if (Array.Find(Names, secret => secret.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found)
                reader.Reject(found, "must not be a command-line option, which every user of this machine can read: set it in the environment, and change it, since it has been seen");
        }
    }
}
