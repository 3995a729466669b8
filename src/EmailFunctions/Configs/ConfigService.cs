using System.Text.Json.Nodes;
using EmailFunctions.Access;
using EmailFunctions.Keys;
using EmailFunctions.Outbound;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Validation;
using EmailFunctions.Wire;

namespace EmailFunctions.Configs;

/// <summary>Reads and changes tenants' configurations.</summary>
public sealed class ConfigService(ConfigStore store, ConfigCache cache, DataKeyCache keys, IConfigWatcher watcher, TimeProvider time, ConfigRules rules)
{
    /// <exception cref="ProblemException">404: there is none.</exception>
    public async Task<TenantConfig> GetAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await store.GetAsync(tenant, cancellationToken) ?? throw Missing();

    /// <summary>Creates the configuration or replaces all of it: a secret that is not given is gone.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="fields">All of it.</param>
    /// <param name="expectedETag">The client's <c>If-Match</c>; null: whatever is stored.</param>
    /// <param name="caller">Who does.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The configuration, and whether it is new.</returns>
    /// <exception cref="ProblemException">400: not valid; 403: the caller can't change one of the fields; 412: another version is stored.</exception>
    public async Task<(TenantConfig Config, bool IsNew)> ReplaceAsync(
        TenantId tenant, ConfigFields fields, string? expectedETag, Caller caller, CancellationToken cancellationToken)
    {
        var secrets = fields.Secrets();
        while (true)
        {
            var current = await store.GetAsync(tenant, cancellationToken);
            EnsureExpected(current, expectedETag);
            var kept = OperatorFields.Keep(caller, fields, current);
            Validate(kept, secrets.Keys);
            var id = current?.Id ?? Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
            var next = Stamp(current, tenant, id) with
            {
                Fields = kept.WithoutSecrets(),
                Secrets = await SealAsync(tenant, id, secrets, cancellationToken),
            };
            if (await TryWriteAsync(next, cancellationToken) is { } written)
                return (written, current is null);
        }
    }

    /// <summary>Changes the fields that <paramref name="patch"/> holds; an explicit null clears one.</summary>
    /// <exception cref="ProblemException">400: not valid with the change; 403: the caller can't change one of the fields; 404: there is none; 412: another version is stored.</exception>
    public async Task<TenantConfig> ChangeAsync(
        TenantId tenant, JsonObject patch, string? expectedETag, Caller caller, CancellationToken cancellationToken)
    {
        while (true)
        {
            var current = await store.GetAsync(tenant, cancellationToken) ?? throw Missing();
            EnsureExpected(current, expectedETag);
            var merged = ConfigPatch.Apply(current.Fields, patch);
            OperatorFields.EnsureUnchanged(caller, merged, current);
            var changed = ConfigPatch.SecretsIn(patch);
            var kept = SecretNames.All.Where(name => current.HasSecret(name) && !changed.Contains(name)).ToList();
            Validate(merged, [.. merged.Secrets().Keys, .. kept]);
            EnsureKeptStay(current, merged, kept);
            var next = Stamp(current, tenant, current.Id) with
            {
                Fields = merged.WithoutSecrets(),
                Secrets = changed.Count == 0 ? current.Secrets : await ResealAsync(current, merged, changed, cancellationToken),
            };
            if (await TryWriteAsync(next, cancellationToken) is { } written)
                return written;
        }
    }

    /// <summary>Removes the configuration; the tenant's mail goes through the system default then.</summary>
    /// <exception cref="ProblemException">403: the caller can't remove what it says; 404: there is none; 412: another version is stored.</exception>
    public async Task DeleteAsync(TenantId tenant, string? expectedETag, Caller caller, CancellationToken cancellationToken)
    {
        while (true)
        {
            var current = await store.GetAsync(tenant, cancellationToken) ?? throw Missing();
            EnsureExpected(current, expectedETag);
            OperatorFields.EnsureRemovable(caller, current);
            if (await store.DeleteAsync(current, cancellationToken))
            {
                await AnnounceAsync(tenant);
                return;
            }
        }
    }

    /// <summary>Checks a configuration that is to be tried without being saved; what bounds the tenant bounds it, too.</summary>
    /// <exception cref="ProblemException">400: not valid; 403: the caller can't change one of the fields. They are named below <paramref name="prefix"/>.</exception>
    public async Task<ConfigFields> CheckUnsavedAsync(TenantId tenant, ConfigFields fields, Caller caller, string prefix, CancellationToken cancellationToken)
    {
        var kept = OperatorFields.Keep(caller, fields, await store.GetAsync(tenant, cancellationToken), prefix);
        Validate(kept, fields.Secrets().Keys, prefix);
        return kept;
    }

    private void Validate(ConfigFields fields, IEnumerable<string> secrets, string prefix = "")
    {
        var errors = new FieldErrors();
        new ConfigValidator(secrets.ToHashSet(StringComparer.Ordinal), rules).Collect(fields, errors, prefix);
        if (errors.Any)
            throw Problem.Invalid(errors);
    }

    private static ProblemException Missing() => Problem.NotFound("The tenant has no configuration; POST one, or let the system default send.");

    private static void EnsureExpected(TenantConfig? current, string? expectedETag)
    {
        if (expectedETag is not null && (current is null || (expectedETag != "*" && expectedETag != ConfigETag.Of(current))))
            throw Problem.PreconditionFailed();
    }

    private static void EnsureKeptStay(TenantConfig current, ConfigFields merged, List<string> kept)
    {
        var errors = new FieldErrors();
        SecretRoutes.Check(current.Fields, merged, kept, errors);
        if (errors.Any)
            throw Problem.Invalid(errors);
    }

    private TenantConfig Stamp(TenantConfig? current, TenantId tenant, string id)
    {
        var now = time.GetUtcNow();
        return new TenantConfig
        {
            Tenant = tenant,
            Id = id,
            Fields = new ConfigFields(),
            CreatedAt = current?.CreatedAt ?? now,
            UpdatedAt = now,
            Revision = (current?.Revision ?? 0) + 1,
            ETag = current?.ETag,
            Replaced = current,
        };
    }

    // Null: somebody else was faster; the caller looks again.
    private async Task<TenantConfig?> TryWriteAsync(TenantConfig config, CancellationToken cancellationToken)
    {
        var etag = await store.WriteAsync(config, cancellationToken);
        if (etag is null)
            return null;
        await AnnounceAsync(config.Tenant);
        return config with { ETag = etag };
    }

    // Also for a client that is gone: the change is stored.
    private async Task AnnounceAsync(TenantId tenant)
    {
        await cache.InvalidateAsync(tenant, CancellationToken.None);
        await watcher.ChangedAsync(tenant, CancellationToken.None);
    }

    private async Task<SealedSecrets?> ResealAsync(
        TenantConfig current, ConfigFields merged, IReadOnlyList<string> changed, CancellationToken cancellationToken)
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        if (current.Secrets is { } stored)
        {
            foreach (var (name, value) in await stored.OpenAsync(keys, current.SecretsOwner, cancellationToken))
                secrets.Add(name, value);
        }

        foreach (var name in changed)
            secrets.Remove(name);
        foreach (var (name, value) in merged.Secrets())
            secrets[name] = value;
        return await SealAsync(current.Tenant, current.Id, secrets, cancellationToken);
    }

    private async Task<SealedSecrets?> SealAsync(
        TenantId tenant, string id, Dictionary<string, string> secrets, CancellationToken cancellationToken) =>
        secrets.Count == 0 ? null : await SealedSecrets.SealAsync(keys, TenantConfig.OwnerOf(tenant, id), secrets, cancellationToken);
}

/// <summary>What the deployment allows in a configuration.</summary>
/// <param name="AllowHttpEndpoints">Whether <c>api_endpoint</c> and <c>smtp_oauth_token_url</c> may be plain http.</param>
/// <param name="AllowAwsDefaultCredentials">Whether a tenant without keys of its own sends through SES with the service's.</param>
/// <param name="Outbound">Which places may be named.</param>
public sealed record ConfigRules(bool AllowHttpEndpoints, bool AllowAwsDefaultCredentials, OutboundRules Outbound);
