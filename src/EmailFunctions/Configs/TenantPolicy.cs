using System.Collections.Concurrent;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>How a tenant's mail is to be treated, with all defaults filled in.</summary>
/// <param name="Provider">Who is asked first to send it.</param>
/// <param name="Limits">How much may be sent when.</param>
/// <param name="CostPerRecipientUsd">What one recipient costs.</param>
/// <param name="RejectsOverQuota">Whether mail beyond quota or budget is refused at accept instead of waiting.</param>
/// <param name="HoldsUnknown">Whether a message whose outcome nobody saw is held instead of sent again.</param>
/// <param name="LogsUsage">Whether usage rows are written.</param>
/// <param name="LogsAudit">Whether audit rows are written.</param>
public sealed record TenantPolicy(
    ProviderType Provider, LimitRules Limits, decimal CostPerRecipientUsd, bool RejectsOverQuota, bool HoldsUnknown, bool LogsUsage, bool LogsAudit)
{
    /// <summary>What messages may be when they are accepted.</summary>
    public MessageRules Messages { get; init; } = new(Senders: null, DefaultSender: null, MessageLimits.MaxRecipients, MessageLimits.MaxBytes);
}

/// <summary>Where policies come from.</summary>
public interface ITenantPolicies
{
    /// <summary>The tenant's policy.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="fresh">Asks the store, not what was kept of an earlier answer.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<TenantPolicy> GetAsync(TenantId tenant, bool fresh, CancellationToken cancellationToken);
}

/// <summary>Where providers come from.</summary>
public interface IProviderAccounts
{
    /// <summary>Those who send the tenant's mail, at least one, in the order in which they are asked: each is for what the one before can't do. Needs no key.</summary>
    ValueTask<IReadOnlyList<ProviderSettings>> GetSettingsAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>The same as accounts, with their secrets decrypted.</summary>
    /// <exception cref="Keys.KeyUnavailableException">The secrets can't be decrypted.</exception>
    ValueTask<IReadOnlyList<ProviderAccount>> GetAccountsAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>The version that the first account has now, without opening its secrets.</summary>
    ValueTask<string> GetVersionAsync(TenantId tenant, CancellationToken cancellationToken);
}

/// <summary>What the deployment says where a tenant does not, and what it switches off for all.</summary>
/// <param name="RateLimitPerMinute">For tenants without one of their own; 0: none.</param>
/// <param name="RateLimiting">Which tenants have limits at all.</param>
/// <param name="UsageLogging">Which tenants have usage rows.</param>
/// <param name="AuditLogging">Which tenants have audit rows.</param>
public sealed record PolicyDefaults(int RateLimitPerMinute, Rollout RateLimiting, Rollout UsageLogging, Rollout AuditLogging)
{
    /// <summary>
    /// A tenant's limits. They count by tenant also where the system default sends, so those of an inactive configuration hold, too; but there, through
    /// the deployment's own provider, a tenant can only bound itself further.
    /// </summary>
    public LimitRules LimitsOf(TenantId tenant, ConfigFields? fields)
    {
        var isOwn = fields is { IsActive: not false };
        if (!RateLimiting.Includes(tenant, isOwn || fields?.RateLimitingEnabled == true ? fields?.RateLimitingEnabled : null))
            return LimitRules.None;
        var perMinute = fields?.RateLimitPerMinute ?? RateLimitPerMinute;
        return new LimitRules(
            isOwn ? perMinute : Stricter(perMinute, RateLimitPerMinute),
            fields?.RateLimitPerHour ?? 0,
            fields?.DailyQuota ?? 0,
            fields?.MonthlyBudgetUsd ?? 0);
    }

    // 0 is none.
    private static int Stricter(int one, int other) => one == 0 || other == 0 ? Math.Max(one, other) : Math.Min(one, other);
}

/// <summary>Policies from configurations and the deployment's defaults.</summary>
internal sealed class TenantPolicies(ConfigCache cache, SystemProvider system, PolicyDefaults defaults) : ITenantPolicies
{
    // Asked for several times a message; made once for each version of a configuration that the cache brings.
    private const int MaxMade = 10_000;

    private readonly ConcurrentDictionary<TenantId, (TenantConfig? Config, TenantPolicy Policy)> _made = new();

    public async ValueTask<TenantPolicy> GetAsync(TenantId tenant, bool fresh, CancellationToken cancellationToken)
    {
        if (fresh)
            await cache.InvalidateAsync(tenant, cancellationToken);
        var config = tenant.IsSystem ? null : await cache.GetAsync(tenant, cancellationToken);
        if (_made.TryGetValue(tenant, out var made) && ReferenceEquals(made.Config, config))
            return made.Policy;
        if (_made.Count > MaxMade)
            _made.Clear();
        var policy = Of(tenant, config?.Fields);
        _made[tenant] = (config, policy);
        return policy;
    }

    private TenantPolicy Of(TenantId tenant, ConfigFields? fields)
    {
        var provider = fields is { } own && own.IsActive != false ? TenantConfig.ToProviders(own)[0] : system.Account.Settings;
        return new TenantPolicy(
            provider.Type,
            defaults.LimitsOf(tenant, fields),
            provider.CostPerEmailUsd,
            RejectsOverQuota: fields?.OverQuota == PolicyWords.Reject,
            HoldsUnknown: fields?.OnUnknown == PolicyWords.Hold,
            defaults.UsageLogging.Includes(tenant, fields?.UsageLoggingEnabled),
            defaults.AuditLogging.Includes(tenant, fields?.AuditLoggingEnabled))
        {
            Messages = MessageRules.Of(provider, system.Account.Settings, fields),
        };
    }
}

/// <summary>What the fields <c>over_quota</c> and <c>on_unknown</c> may say.</summary>
internal static class PolicyWords
{
    public const string Defer = "defer";
    public const string Reject = "reject";
    public const string Resend = "resend";
    public const string Hold = "hold";
}
