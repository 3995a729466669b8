using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Limits;

/// <summary>
/// That a tenant passed 50, 80 or 100 % of a quota or budget. It is a row in the very batch that passed the mark, so there is
/// exactly one for each mark and period, over all instances.
/// </summary>
public sealed record QuotaMark(TenantId Tenant, string Limit, string Period, int Percent, DateTimeOffset At)
{
    private const string Prefix = "mark-";

    /// <param name="tenant">Whose.</param>
    /// <param name="limit">The quota or budget.</param>
    /// <param name="percent">The mark.</param>
    /// <param name="at">When the message that passed it may be sent, which is in the period that it counts in.</param>
    internal static EntityWrite ToWrite(TenantId tenant, string limit, int percent, DateTimeOffset at)
    {
        var period = at.UtcDateTime.ToString(limit == LimitNames.DailyQuota ? "yyyyMMdd" : "yyyyMM", CultureInfo.InvariantCulture);
        return EntityWrite.Put(new Entity(tenant.Partition, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{limit}-{period}-{percent:D3}"))
        {
            ["limit"] = limit,
            ["period"] = period,
            ["percent"] = percent,
            ["at"] = at,
        });
    }

    /// <summary>The rows of a tenant's marks.</summary>
    public static EntityQuery Of(TenantId tenant) => EntityQuery.Prefix(tenant.Partition, Prefix);

    public static QuotaMark Read(TenantId tenant, Entity entity) => new(
        tenant, entity.GetString("limit")!, entity.GetString("period")!, (int)entity.GetInt64("percent")!.Value, entity.GetTime("at")!.Value);
}
