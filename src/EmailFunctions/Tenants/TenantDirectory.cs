using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using EmailFunctions.Storage;

namespace EmailFunctions.Tenants;

/// <summary>
/// All tenants that ever had a message accepted, so that a sweep finds their partitions. A tenant enters before its first row is
/// written, else a crash in between would hide that row.
/// </summary>
public sealed class TenantDirectory(IEntityTable table)
{
    private const string Partition = "tenants";

    private readonly ConcurrentDictionary<TenantId, bool> _entered = new();

    /// <summary>Enters a tenant; costs a write once per process and tenant.</summary>
    public async ValueTask EnterAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (_entered.ContainsKey(tenant))
            return;
        // Done or conflict: in either case the row is there.
        await table.WriteAsync([EntityWrite.Insert(new Entity(Partition, tenant.Value))], cancellationToken);
        _entered[tenant] = true;
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
