using EmailFunctions.Configs;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Admin;

/// <summary>Finds configurations over all tenants.</summary>
internal sealed class ConfigIndex(ConfigStore configs)
{
    /// <summary>Configurations that one request looks at in search of few; the cursor goes on from there.</summary>
    public const int MaxLooks = 5_000;

    /// <summary>A page of those that are asked for, by the tenants' names.</summary>
    /// <param name="isWanted">Which.</param>
    /// <param name="after">The tenant behind whose place to begin; null: the first.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Those found, and the tenant behind whose place to go on; null: there are no more.</returns>
    public async Task<(IReadOnlyList<TenantConfig> Configs, TenantId? Next)> FindAsync(
        Func<TenantConfig, bool> isWanted, TenantId? after, int limit, CancellationToken cancellationToken)
    {
        var found = new List<TenantConfig>();
        var (last, looks) = (after, 0);
        await foreach (var config in configs.ListAsync(after, EntityLimits.MaxPageSize, cancellationToken))
        {
            if (found.Count == limit || looks++ == MaxLooks)
                return (found, last);
            last = config.Tenant;
            if (isWanted(config))
                found.Add(config);
        }

        return (found, null);
    }

    /// <summary>How many configurations name which provider first; a read for each thousand of them.</summary>
    public async Task<IReadOnlyDictionary<ProviderType, int>> CountAsync(CancellationToken cancellationToken)
    {
        var counts = new SortedDictionary<ProviderType, int>();
        await foreach (var config in configs.ListAsync(after: null, EntityLimits.MaxPageSize, cancellationToken))
        {
            var type = TenantConfig.ToProviders(config.Fields)[0].Type;
            counts[type] = counts.GetValueOrDefault(type) + 1;
        }

        return counts;
    }
}
