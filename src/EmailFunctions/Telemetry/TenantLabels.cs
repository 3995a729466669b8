using System.Collections.Concurrent;
using EmailFunctions.Tenants;

namespace EmailFunctions.Telemetry;

/// <summary>
/// What a tenant is called in metrics: the first so many that this process meets by their names, all others together <c>_other</c>. A
/// series stays for as long as the process lives, and without a bound the tenants would decide how many there are.
/// </summary>
/// <param name="settings">The bound.</param>
public sealed class TenantLabels(MetricSettings settings)
{
    /// <summary>Fixed by CONTRACT.md. A tenant that has this very name shares the series.</summary>
    public const string Other = "_other";

    private readonly ConcurrentDictionary<TenantId, KeyValuePair<string, object?>> _named = new();
    private readonly KeyValuePair<string, object?> _other = MetricLabels.Of(MetricLabels.Tenant, Other);
    private readonly Lock _gate = new();

    /// <summary>The tenant's label.</summary>
    public KeyValuePair<string, object?> Of(TenantId tenant) => _named.TryGetValue(tenant, out var known) ? known : Enter(tenant);

    /// <summary>The same as text, by which series can be grouped.</summary>
    public string NameOf(TenantId tenant) => (string)Of(tenant).Value!;

    private KeyValuePair<string, object?> Enter(TenantId tenant)
    {
        lock (_gate)
        {
            return _named.Count < settings.MaxTenants
                ? _named.GetOrAdd(tenant, static tenant => MetricLabels.Of(MetricLabels.Tenant, tenant.Value))
                : _named.GetValueOrDefault(tenant, _other);
        }
    }
}
