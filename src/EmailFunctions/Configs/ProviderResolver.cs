using System.Runtime.CompilerServices;
using EmailFunctions.Keys;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>
/// Finds the providers that send a tenant's mail: its own if it has an active configuration, its fallback and, where it wants that, the
/// system default behind them; else the system default alone.
/// </summary>
public sealed class ProviderResolver(ConfigCache cache, DataKeyCache keys, SystemProvider system) : IProviderAccounts
{
    // Asked for several times a message; made once for each configuration that the cache brings.
    private readonly ConditionalWeakTable<TenantConfig, IReadOnlyList<ProviderSettings>> _settings = [];
    private readonly IReadOnlyList<ProviderSettings> _systemOnly = [system.Account.Settings];

    /// <summary>The system default.</summary>
    public ProviderAccount System => system.Account;

    public async ValueTask<IReadOnlyList<ProviderSettings>> GetSettingsAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await GetActiveAsync(tenant, cancellationToken) is { } config ? SettingsOf(config) : _systemOnly;

    public async ValueTask<IReadOnlyList<ProviderAccount>> GetAccountsAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await GetActiveAsync(tenant, cancellationToken) is { } config ? await ToFreshAccountsAsync(config, cancellationToken) : [system.Account];

    public async ValueTask<string> GetVersionAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await GetActiveAsync(tenant, cancellationToken) is { } config ? VersionOf(config) : system.Account.Version;

    /// <summary>The accounts of a saved configuration, active or not; the first is the tenant's own.</summary>
    /// <exception cref="KeyUnavailableException">The secrets can't be decrypted.</exception>
    public async ValueTask<IReadOnlyList<ProviderAccount>> ToAccountsAsync(TenantConfig config, CancellationToken cancellationToken)
    {
        var secrets = config.Secrets is { } stored ? await stored.OpenAsync(keys, config.SecretsOwner, cancellationToken) : NoSecrets;
        return ToAccounts(config.Tenant, VersionOf(config), config.Fields, SettingsOf(config), secrets);
    }

    /// <summary>The account of a configuration that is not saved.</summary>
    public ProviderAccount ToAccount(TenantId tenant, ConfigFields fields, DateTimeOffset now) =>
        // A version of its own, under a name that no tenant can have: its connections serve nobody else.
        ToAccounts(tenant, $"unsaved {now.UtcTicks}", fields, ToSettings(fields), fields.Secrets())[0];

    // What the cache has may be from before its key was re-wrapped, and the key's version be gone since.
    private async ValueTask<IReadOnlyList<ProviderAccount>> ToFreshAccountsAsync(TenantConfig config, CancellationToken cancellationToken)
    {
        try
        {
            return await ToAccountsAsync(config, cancellationToken);
        }
        catch (KeyUnavailableException exception) when (exception.IsLasting)
        {
            await cache.InvalidateAsync(config.Tenant, cancellationToken);
            var stored = await GetActiveAsync(config.Tenant, cancellationToken);
            if (stored?.Secrets is { } secrets && secrets.Key.Value.AsSpan().SequenceEqual(config.Secrets!.Key.Value))
                throw;
            return stored is null ? [system.Account] : await ToAccountsAsync(stored, cancellationToken);
        }
    }

    private static IReadOnlyDictionary<string, string> NoSecrets { get; } = new Dictionary<string, string>();

    // All carry the configuration's version: a change of it may have mended any of them. The fallback's connections are its own.
    private List<ProviderAccount> ToAccounts(
        TenantId tenant, string version, ConfigFields fields, IReadOnlyList<ProviderSettings> settings, IReadOnlyDictionary<string, string> secrets)
    {
        var accounts = new List<ProviderAccount> { new(tenant, version, settings[0], ToSecrets(secrets, "")) };
        if (fields.Fallback is not null)
            accounts.Add(new ProviderAccount(tenant, version, settings[1], ToSecrets(secrets, SecretNames.FallbackPrefix)) { Place = 1, IsFallback = true });
        if (fields.FallbackToSystem == true)
            accounts.Add(system.Account with { Settings = settings[^1], IsFallback = true });
        return accounts;
    }

    private static ProviderSecrets ToSecrets(IReadOnlyDictionary<string, string> values, string prefix)
    {
        return new()
        {
            SmtpPassword = Get(SecretNames.SmtpPassword),
            SmtpOAuthClientSecret = Get(SecretNames.SmtpOauthClientSecret),
            SmtpOAuthRefreshToken = Get(SecretNames.SmtpOauthRefreshToken),
            AwsAccessKey = Get(SecretNames.AwsAccessKey),
            AwsSecretKey = Get(SecretNames.AwsSecretKey),
            AwsSessionToken = Get(SecretNames.AwsSessionToken),
            ApiKey = Get(SecretNames.ApiKey),
        };

        string? Get(string name) => values.GetValueOrDefault(prefix + name);
    }

    private async ValueTask<TenantConfig?> GetActiveAsync(TenantId tenant, CancellationToken cancellationToken) =>
        tenant.IsSystem ? null : await cache.GetAsync(tenant, cancellationToken) is { IsActive: true } config ? config : null;

    private static string VersionOf(TenantConfig config) => $"{config.Id} {config.Revision}";

    private IReadOnlyList<ProviderSettings> SettingsOf(TenantConfig config) => _settings.GetValue(config, config => ToSettings(config.Fields));

    private List<ProviderSettings> ToSettings(ConfigFields fields)
    {
        var settings = TenantConfig.ToProviders(fields).Select(WithSender).ToList();
        // From the system's own address, which alone its provider knows; answers go to the tenant all the same.
        if (fields.FallbackToSystem == true)
            settings.Add(system.Account.Settings with { ReplyTo = fields.ReplyTo ?? fields.FromEmail });
        return settings;
    }

    // Console and file may have no sender of their own.
    private ProviderSettings WithSender(ProviderSettings settings) =>
        settings.FromEmail is null
            ? settings with { FromEmail = system.Account.Settings.FromEmail, FromName = settings.FromName ?? system.Account.Settings.FromName }
            : settings;
}

/// <summary>The system default provider, from the deployment's settings.</summary>
public sealed record SystemProvider(ProviderAccount Account);
