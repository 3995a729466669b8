using System.Globalization;
using EmailFunctions.Audit;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.Audit;

/// <summary>Audit rows in a bench's store, many at a time.</summary>
internal static class AuditBench
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TenantId TenantOf(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    /// <summary>A row; its message id is the number.</summary>
    public static AuditRow Row(TenantId tenant, int number, DateTimeOffset at, string hash = "h", string status = "sent", string provider = "smtp", string? template = null) => new(
        AuditRow.IdOf(at, number.ToString("x32", CultureInfo.InvariantCulture), 0), tenant, hash, template, status, provider, number.ToString(CultureInfo.InvariantCulture), null, null, at);

    /// <summary>Writes rows of one tenant, which enters the directory.</summary>
    public static async Task WriteAsync(this DeliveryBench bench, IEnumerable<AuditRow> rows)
    {
        foreach (var ofTenant in rows.GroupBy(static row => row.Tenant))
        {
            await bench.Get<TenantDirectory>().EnterAsync(ofTenant.Key, Cancelled);
            foreach (var chunk in ofTenant.Chunk(EntityLimits.MaxBatchEntities))
                Assert.True((await bench.Table.WriteAsync([.. chunk.Select(static row => row.ToWrite())], Cancelled)).IsDone);
        }
    }

    /// <summary>All of a tenant's rows, newest first.</summary>
    public static async Task<List<AuditRow>> ReadAllAsync(this DeliveryBench bench, TenantId tenant, AuditFilter? filter = null)
    {
        var rows = new List<AuditRow>();
        await foreach (var page in bench.Get<AuditReader>().ReadAllAsync(tenant, filter ?? new AuditFilter(null, 200, null, null), Cancelled))
            rows.AddRange(page);
        return rows;
    }

    public static Task<string> HashAsync(this DeliveryBench bench, TenantId tenant, string address) => bench.Get<RecipientHasher>().HashAsync(tenant, address, Cancelled);

    public static int Number(AuditRow row) => int.Parse(row.MessageId, CultureInfo.InvariantCulture);

    /// <summary>A sweep of its own, as in another process.</summary>
    public static AuditRetentionSweep Retention(this DeliveryBench bench, int days) => new(
        bench.Table, new TenantDirectory(bench.Table, bench.Clock), new Sweeps.SweepPositions(bench.Table), new AuditSettings(days == 0 ? null : TimeSpan.FromDays(days)), bench.Clock,
        NullLogger<AuditRetentionSweep>.Instance);

    /// <summary>The same of erasures.</summary>
    public static AuditErasureSweep Erasure(this DeliveryBench bench) => new(bench.Table, bench.Get<AuditErasures>(), bench.Get<IContentErasure>(), NullLogger<AuditErasureSweep>.Instance);
}
