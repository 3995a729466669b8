using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Configs;

/// <summary>A tenant's configuration as a client writes it; a field that is absent or null takes its default.</summary>
public sealed record ConfigFields : ProviderFields
{
    [Description("False: the tenant's mail goes through the system default provider.")]
    [DefaultValue(true)]
    public bool? IsActive { get; init; }

    [Length(1, 100)]
    public string? FromName { get; init; }

    [Length(1, 254)]
    public string? ReplyTo { get; init; }

    [Description("From which domains the tenant's mail may be: a domain, or *. and a domain for all below it. Absent: from any. Only a credential for all tenants can change it.")]
    [Length(1, SenderRule.MaxDomains)]
    public List<string>? AllowedFromDomains { get; init; }

    [Description("Addresses over to, cc and bcc together. Absent: 100.")]
    [Range(1, MessageLimits.MaxRecipients)]
    public int? MaxRecipientsPerMessage { get; init; }

    [Description("Bytes of a message, attachments decoded. Absent: 26,214,400.")]
    [Range(1, MessageLimits.MaxBytes)]
    public int? MaxMessageBytes { get; init; }

    [Description("0: unlimited. Absent: the system's default.")]
    [Range(0, int.MaxValue)]
    public int? RateLimitPerMinute { get; init; }

    [Description("0: unlimited. Absent: the system's default.")]
    [Range(0, int.MaxValue)]
    public int? RateLimitPerHour { get; init; }

    [Description("Messages per UTC day. 0: unlimited.")]
    [Range(0, int.MaxValue)]
    public int? DailyQuota { get; init; }

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

    [Description("A second provider, for mail that the first one can't take now.")]
    public FallbackFields? Fallback { get; init; }

    [Description("True: the system default provider sends what the tenant's own can't take now. Default false.")]
    public bool? FallbackToSystem { get; init; }

    /// <summary>The same without secrets: what may be stored in clear and shown.</summary>
    public ConfigFields WithoutSecrets() => (ConfigFields)Bare() with { Fallback = Fallback?.WithoutSecrets() };

    /// <summary>Those of the fallback begin with <see cref="SecretNames.FallbackPrefix"/>.</summary>
    public override Dictionary<string, string> Secrets()
    {
        var secrets = base.Secrets();
        foreach (var (name, value) in Fallback?.Secrets() ?? [])
            secrets.Add(SecretNames.FallbackPrefix + name, value);
        return secrets;
    }

    public override string ToString() => nameof(ConfigFields);
}
