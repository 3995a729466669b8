namespace EmailFunctions.Memory;

/// <summary>The largest message of a kind that a provider takes.</summary>
/// <param name="Provider">By its name in a configuration.</param>
/// <param name="IsText">One long HTML text; else one attachment.</param>
/// <param name="Bytes">Of the text or of the attachment, decoded.</param>
internal sealed record MemoryCase(string Provider, bool IsText, int Bytes)
{
    // The most that a message may hold, but for its other fields.
    private const int Most = 26_214_000;

    /// <summary>All cases. SendGrid takes 30 MB and Mailgun 25 MB of MIME, where base64 adds to a file, and what is beyond ASCII to a text.</summary>
    public static IReadOnlyList<MemoryCase> All { get; } =
    [
        new("file", IsText: false, Most),
        new("smtp", IsText: false, Most),
        new("aws_ses", IsText: false, Most),
        new("sendgrid", IsText: false, 21_900_000),
        new("mailgun", IsText: false, 18_260_000),
        new("file", IsText: true, Most),
        new("smtp", IsText: true, Most),
        new("aws_ses", IsText: true, Most),
        new("sendgrid", IsText: true, 24_000_000),
        new("mailgun", IsText: true, 20_000_000),
    ];

    public string Kind => IsText ? "HTML" : "file";

    /// <summary>A configuration for it.</summary>
    /// <param name="smtpPort">Where the SMTP server listens.</param>
    /// <param name="vendorPort">Where the vendors' HTTP server listens.</param>
    public object Config(int smtpPort, int vendorPort)
    {
        var endpoint = FormattableString.Invariant($"http://127.0.0.1:{vendorPort}");
        const string sender = "bench@example.test";
        return Provider switch
        {
            "smtp" => new { provider_type = Provider, smtp_host = "127.0.0.1", smtp_port = smtpPort, smtp_use_tls = false, from_email = sender },
            "aws_ses" => new { provider_type = Provider, aws_region = "eu-west-1", aws_access_key = "AKIAIOSFODNN7EXAMPLE", aws_secret_key = "secret", api_endpoint = endpoint, from_email = sender },
            "file" => new { provider_type = Provider, from_email = sender },
            _ => new { provider_type = Provider, api_key = "key-0123456789", api_endpoint = endpoint, from_email = sender },
        };
    }
}
