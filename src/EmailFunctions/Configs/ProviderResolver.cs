using System.Runtime.CompilerServices;
using EmailFunctions.Keys;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>Finds the provider that sends a tenant's mail: its own if it has an active configuration, else the system default.</summary>
public sealed class ProviderResolver(ConfigCache cache, DataKeyCache keys, SystemProvider system) : IProviderAccounts
{
    // Asked for several times a message; made once for each configuration that the cache brings.
    private readonly ConditionalWeakTable<TenantConfig, ProviderSettings> _settings = [];

    /// <summary>The settings alone, which need no key.</summary>
    public async ValueTask<ProviderSettings> GetSettingsAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await GetActiveAsync(tenant, cancellationToken) is { } config ? SettingsOf(config) : system.Account.Settings;

    /// <summary>The account, with its secrets decrypted.</summary>
    /// <exception cref="KeyUnavailableException">The secrets can't be decrypted.</exception>
    public async ValueTask<ProviderAccount> GetAccountAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await GetActiveAsync(tenant, cancellationToken) is { } config ? await ToAccountAsync(config, cancellationToken) : system.Account;

    /// <summary>The version that the account has now, without opening its secrets.</summary>
    public async ValueTask<string> GetVersionAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await GetActiveAsync(tenant, cancellationToken) is { } config ? VersionOf(config) : system.Account.Version;

    /// <summary>The account of a saved configuration, active or not.</summary>
    /// <exception cref="KeyUnavailableException">The secrets can't be decrypted.</exception>
    public async ValueTask<ProviderAccount> ToAccountAsync(TenantConfig config, CancellationToken cancellationToken)
    {
        var secrets = config.Secrets is { } stored
            ? ToSecrets(await stored.OpenAsync(keys, config.SecretsOwner, cancellationToken))
            : ProviderSecrets.None;
        return new ProviderAccount(config.Tenant, VersionOf(config), SettingsOf(config), secrets);
    }

    /// <summary>The account of a configuration that is not saved.</summary>
    public ProviderAccount ToAccount(TenantId tenant, ConfigFields fields, DateTimeOffset now) =>
        // A version of its own, under a name that no tenant can have: its connections serve nobody else.
        new(tenant, $"unsaved {now.UtcTicks}", WithSender(TenantConfig.ToProviderSettings(fields)), ToSecrets(fields.Secrets()));

    /// <summary>The system default.</summary>
    public ProviderAccount System => system.Account;

    private static ProviderSecrets ToSecrets(IReadOnlyDictionary<string, string> values) => new()
    {
        SmtpPassword = values.GetValueOrDefault(SecretNames.SmtpPassword),
        AwsAccessKey = values.GetValueOrDefault(SecretNames.AwsAccessKey),
        AwsSecretKey = values.GetValueOrDefault(SecretNames.AwsSecretKey),
        ApiKey = values.GetValueOrDefault(SecretNames.ApiKey),
    };

    private async ValueTask<TenantConfig?> GetActiveAsync(TenantId tenant, CancellationToken cancellationToken) =>
        tenant.IsSystem ? null : await cache.GetAsync(tenant, cancellationToken) is { IsActive: true } config ? config : null;

    private static string VersionOf(TenantConfig config) => $"{config.Id} {config.ETag}";

    private ProviderSettings SettingsOf(TenantConfig config) =>
        _settings.GetValue(config, config => WithSender(TenantConfig.ToProviderSettings(config.Fields)));

    // Console and file may have no sender of their own.
    private ProviderSettings WithSender(ProviderSettings settings) =>
        settings.FromEmail is null
            ? settings with { FromEmail = system.Account.Settings.FromEmail, FromName = settings.FromName ?? system.Account.Settings.FromName }
            : settings;
}

/// <summary>The system default provider, from the deployment's settings.</summary>
public sealed record SystemProvider(ProviderAccount Account);
