using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using EmailFunctions.Storage;

namespace EmailFunctions.Tenants;

/// <summary>
/// All tenants that ever had a message accepted, so that a sweep finds their partitions. A tenant enters before its first row is
/// written, else a crash in between would hide that row.
/// </summary>
public sealed class TenantDirectory(IEntityTable table, TimeProvider time)
{
    private const string Partition = "tenants";

    /// <summary>How long a process relies on an entry that it has seen: it is removed when the tenant leaves, who may come again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<TenantId, long> _entered = new();

    /// <summary>Enters a tenant; costs a write per process and tenant in ten minutes.</summary>
    public async ValueTask EnterAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (_entered.TryGetValue(tenant, out var at) && time.GetElapsedTime(at) < Lifetime)
            return;
        var now = time.GetTimestamp();
        // Done or conflict: in either case the row is there.
        await table.WriteAsync([EntityWrite.Insert(new Entity(Partition, tenant.Value))], cancellationToken);
        _entered[tenant] = now;
    }

    /// <summary>Removes a tenant that leaves; one that is not there is as good.</summary>
    public async Task RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await table.WriteAsync([EntityWrite.Delete(new EntityKey(Partition, tenant.Value), etag: null)], cancellationToken);
        _entered.TryRemove(tenant, out _);
    }

    /// <summary>The tenants by name, from one on; null: from the first.</summary>
    public async IAsyncEnumerable<TenantId> ListAsync(TenantId? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = EntityQuery.Prefix(Partition, "") with { FromRow = from?.Value ?? "" };
        await foreach (var page in table.PagesAsync(query, cancellationToken))
        {
            foreach (var entity in page.Entities)
            {
                if (TenantId.TryParse(entity.Key.Row, out var tenant))
                    yield return tenant;
            }
        }
    }
}
