using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.Audit;
using EmailFunctions.Brakes;
using EmailFunctions.Configs;
using EmailFunctions.DeadLetters;
using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Local;
using EmailFunctions.Ingest;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Ses;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.Sending;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.Usage;
using EmailFunctions.Validation;

namespace EmailFunctions.Settings;

/// <summary>All settings of the service, read once at start; see docs/settings.md.</summary>
internal sealed record ServiceSettings
{
    public const string DefaultUrl = "http://localhost:7071";

    /// <summary>What Azure needs; null on a desk.</summary>
    public required AzureSettings? Azure { get; init; }

    public required AccessRules Access { get; init; }

    public required ProducerRules Producers { get; init; }

    public required BrakeSettings Brakes { get; init; }

    /// <summary>Header fields that a request may have.</summary>
    public required int MaxRequestHeaders { get; init; }

    public required string DataFolder { get; init; }

    /// <summary>The key-encryption key; null: the key file in the data folder.</summary>
    public required byte[]? EncryptionKey { get; init; }

    /// <summary>Those that it replaced, which unwrap still.</summary>
    public required IReadOnlyList<byte[]> PreviousKeys { get; init; }

    public required IReadOnlyList<string> Urls { get; init; }

    public required SendingSettings Sending { get; init; }

    public required PolicyDefaults Policies { get; init; }

    public required RetrySettings Retries { get; init; }

    public required DeadLetterSettings DeadLetters { get; init; }

    public required ActivitySettings Activities { get; init; }

    public required AuditSettings Audit { get; init; }
    public required UsageSettings Usage { get; init; }

    public required PumpSettings Pump { get; init; }

    public required MetricSettings Metrics { get; init; }

    public required ExportSettings Export { get; init; }

    public required SmtpOptions Smtp { get; init; }

    public required SesOptions Ses { get; init; }

    public required OutboundRules Outbound { get; init; }

    public required ConfigRules ConfigRules { get; init; }

    public required SystemProvider SystemProvider { get; init; }

    /// <exception cref="SettingsException">Names all that is wrong.</exception>
    public static ServiceSettings Read(IConfiguration configuration) => Read(configuration, []);

    /// <param name="configuration">Has them.</param>
    /// <param name="arguments">The process's arguments, among which some settings must not be.</param>
    /// <exception cref="SettingsException">Names all that is wrong.</exception>
    public static ServiceSettings Read(IConfiguration configuration, IEnumerable<string> arguments)
    {
        var reader = new SettingsReader(configuration);
        SecretArguments.Reject(reader, arguments);
        var mode = reader.Choice("EMAIL_MODE", ServiceMode.Local, ("local", ServiceMode.Local), ("azure", ServiceMode.Azure));
        var key = KeySettings.Read(reader);
        var azure = mode == ServiceMode.Azure ? AzureSettings.Read(reader, KeySettings.Name) : null;
        if (mode == ServiceMode.Local)
            reader.Choice("EMAIL_QUEUE", QueueKind.Embedded, ("embedded", QueueKind.Embedded));
        // The web server would listen there instead.
        if (reader.HasSection("Kestrel:Endpoints"))
            reader.Reject("Kestrel:Endpoints", "can't be used; name the addresses in ASPNETCORE_URLS, or leave them to the Functions host");
        var access = AccessSettings.ReadRules(reader, mode, azure?.Storage);
        var allowHttp = reader.Flag("EMAIL_ALLOW_HTTP_ENDPOINTS", false);
        var outbound = OutboundSettings.Read(reader, isDesk: !access.IsRequired || azure is { Storage.IsDevelopment: true }, allowHttp);
        var settings = new ServiceSettings
        {
            Azure = azure,
            Access = access,
            Producers = AccessSettings.ReadProducers(reader),
            Brakes = BrakeVariables.Read(reader, access.IsRequired, isBehindFrontEnd: azure is not null),
            MaxRequestHeaders = BrakeVariables.ReadMaxHeaders(reader),
            DataFolder = reader.Text("EMAIL_DATA_DIR") ?? "./.data",
            EncryptionKey = key,
            PreviousKeys = KeySettings.ReadPrevious(reader),
            Urls = azure is null ? ReadUrls(reader, mustBeLoopback: !access.IsRequired) : [azure.Url],
            Sending = new SendingSettings(reader.Flag("EMAIL_ENABLED", true), BrakeVariables.ReadMaxBody(reader)),
            Policies = ReadPolicies(reader),
            Retries = ReadRetries(reader),
            DeadLetters = new DeadLetterSettings(
                TimeSpan.FromDays(reader.Number("EMAIL_DEAD_LETTER_DAYS", 30, 1, 3_650)), TimeSpan.FromDays(reader.Number("EMAIL_HELD_DAYS", 30, 1, 3_650))),
            Audit = new AuditSettings(reader.Number("EMAIL_AUDIT_RETENTION_DAYS", 90, 0, 3_650) is > 0 and var days ? TimeSpan.FromDays(days) : null),
            Activities = new ActivitySettings(reader.Number("EMAIL_ACTIVITY_RETENTION_DAYS", 730, 0, 3_650) is > 0 and var kept ? TimeSpan.FromDays(kept) : null),
            Usage = ReadUsage(reader),
            Pump = new PumpSettings(reader.Number("EMAIL_PUMP_CONCURRENCY", 64, 1, 1_000)),
            Metrics = new MetricSettings(reader.Number("EMAIL_METRICS_MAX_TENANTS", MetricSettings.Default.MaxTenants, 1, 10_000)),
            Export = ExportVariables.Read(reader),
            Smtp = ReadSmtp(reader),
            Ses = new SesOptions(reader.Flag(SystemProviderSettings.OwnCredentials, false)),
            Outbound = outbound,
            ConfigRules = new ConfigRules(allowHttp, reader.Flag(SystemProviderSettings.OwnCredentials, false), outbound),
            SystemProvider = SystemProviderSettings.Read(reader, isDesk: azure is null or { Storage.IsDevelopment: true }),
        };
        return reader.Mistakes.Count == 0 ? settings : throw new SettingsException(reader.Mistakes);
    }

    private static PolicyDefaults ReadPolicies(SettingsReader reader) => new(
        reader.Number("EMAIL_RATE_LIMIT_PER_MINUTE", 60, 0, int.MaxValue),
        ReadRollout(reader, "RATE_LIMITING"),
        ReadRollout(reader, "USAGE_LOGGING"),
        ReadRollout(reader, "AUDIT_LOGGING"));

    private static Rollout ReadRollout(SettingsReader reader, string name) => new(
        name, reader.Flag($"EMAIL_{name}_ENABLED", true), reader.Number($"EMAIL_{name}_PERCENT", 100, 0, 100));

    // Whoever reaches an unauthenticated service may send mail in everybody's name, so only this machine may reach it.
    private static string[] ReadUrls(SettingsReader reader, bool mustBeLoopback)
    {
        var name = reader.Text("ASPNETCORE_URLS") is null ? "URLS" : "ASPNETCORE_URLS";
        var urls = (reader.Text(name) ?? DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (urls.Length == 0)
            reader.Reject(name, "must be http addresses such as http://localhost:7071");
        foreach (var url in urls)
        {
            if (!Uri.TryCreate(url.Replace("*", "0.0.0.0", StringComparison.Ordinal).Replace("+", "0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
                reader.Reject(name, "must be http addresses such as http://localhost:7071");
            else if (mustBeLoopback && !LoopbackHost.IsLoopback(uri.DnsSafeHost))
                reader.Reject(name, $"must name a loopback host while EMAIL_AUTH is none, which {uri.DnsSafeHost} is not");
        }

        return urls;
    }

    private static RetrySettings ReadRetries(SettingsReader reader)
    {
        var first = reader.Number("EMAIL_RETRY_BASE_SECONDS", 30, 1, 86_400);
        var longest = reader.Number("EMAIL_RETRY_MAX_SECONDS", 3_600, 1, 604_800);
        if (longest < first)
            reader.Reject("EMAIL_RETRY_MAX_SECONDS", "must not be less than EMAIL_RETRY_BASE_SECONDS");
        return new RetrySettings(reader.Number("EMAIL_RETRY_MAX_ATTEMPTS", 8, 1, 100), TimeSpan.FromSeconds(first), TimeSpan.FromSeconds(longest), TimeSpan.FromSeconds(reader.Number("EMAIL_RETRY_MAX_AGE_SECONDS", 172_800, 1, 31_536_000)));
    }

    private static UsageSettings ReadUsage(SettingsReader reader)
    {
        const string Name = "EMAIL_USAGE_RETENTION_DAYS";
        var days = reader.Number(Name, 62, 0, 3_650);
        if (days is > 0 and < UsageSettings.MinDays)
            reader.Reject(Name, $"must be 0, for ever, or at least {UsageSettings.MinDays}: later rows may still be missing in the roll-ups");
        return new UsageSettings(days == 0 ? null : TimeSpan.FromDays(days));
    }

    private static SmtpOptions ReadSmtp(SettingsReader reader) => new()
    {
        MaxConnections = reader.Number("EMAIL_SMTP_MAX_CONNECTIONS", 8, 1, 1_000),
        IdleTime = TimeSpan.FromSeconds(reader.Number("EMAIL_SMTP_IDLE_SECONDS", 30, 1, 3_600)),
        UseChunking = reader.Flag("EMAIL_SMTP_CHUNKING", false),
        ExtraAuthorities = ReadAuthorities(reader),
    };

    private static X509Certificate2Collection ReadAuthorities(SettingsReader reader)
    {
        const string Name = "EMAIL_SMTP_CA_FILE";
        var authorities = new X509Certificate2Collection();
        if (reader.Text(Name) is not { } path)
            return authorities;
        try
        {
            authorities.ImportFromPemFile(path);
            if (authorities.Count == 0)
                reader.Reject(Name, "must name a PEM file with certificates, and this one has none");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            reader.Reject(Name, "must name a PEM file with certificates that can be read");
        }

        return authorities;
    }
}
