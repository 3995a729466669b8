using EmailFunctions.Configs;
using EmailFunctions.Limits;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>The tenants' policy; each process keeps what it read for half a minute.</summary>
internal sealed class SimPolicies(SimLoop loop, TenantPolicy policy)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    public TenantPolicy Current { get; set; } = policy;

    /// <summary>Of those who have one of their own.</summary>
    public Dictionary<TenantId, TenantPolicy> Own { get; } = [];

    public static TenantPolicy Of(LimitRules limits, decimal cost = 0, bool holdsUnknown = false) =>
        new(ProviderType.File, limits, cost, RejectsOverQuota: false, holdsUnknown, LogsUsage: false, LogsAudit: false);

    public ITenantPolicies NewCache() => new Cache(this, loop);

    private sealed class Cache(SimPolicies source, SimLoop loop) : ITenantPolicies
    {
        private TenantPolicy? _kept;
        private TimeSpan _until;

        public ValueTask<TenantPolicy> GetAsync(TenantId tenant, bool fresh, CancellationToken cancellationToken)
        {
            if (source.Own.TryGetValue(tenant, out var own))
                return new ValueTask<TenantPolicy>(own);
            if (fresh || _kept is null || loop.Elapsed > _until)
                (_kept, _until) = (source.Current, loop.Elapsed + Lifetime);
            return new ValueTask<TenantPolicy>(_kept);
        }
    }
}
