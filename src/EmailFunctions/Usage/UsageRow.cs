using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>What one message, once its outcome was final, adds to its tenant's usage.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="MessageUnique">Names the row, so that a repeat can't count twice.</param>
/// <param name="At">When the outcome was known.</param>
/// <param name="Provider">Who sent, or failed to.</param>
/// <param name="Success">Whether it was sent.</param>
/// <param name="Recipients">Recipients that the provider took; 0 when it failed.</param>
/// <param name="CostUsd">Their cost.</param>
/// <param name="Duration">The last attempt's call of the provider.</param>
/// <param name="WasLimited">Whether a limit of the tenant's had put it off.</param>
/// <param name="IsPart">
/// Whether it is for some recipients of a message that is not done yet: their number and cost count, but the message does not.
/// </param>
public sealed record UsageRow(
    TenantId Tenant,
    string MessageUnique,
    DateTimeOffset At,
    string Provider,
    bool Success,
    int Recipients,
    decimal CostUsd,
    TimeSpan Duration,
    bool WasLimited,
    bool IsPart = false)
{
    internal const string Prefix = "usage-";
    private const string TimeFormat = "yyyyMMddHHmmssfff";

    public EntityWrite ToWrite()
    {
        var entity = new Entity(Tenant.Partition, $"{RowAt(At)}-{MessageUnique}")
        {
            ["at"] = At,
            ["provider"] = Provider,
            ["success"] = Success,
            ["recipients"] = Recipients,
            // A decimal as text: a double would lose parts of a cent.
            ["cost_usd"] = CostUsd.ToString(CultureInfo.InvariantCulture),
            ["duration_ms"] = (long)Duration.TotalMilliseconds,
            ["was_limited"] = WasLimited ? true : null,
            ["part"] = IsPart ? true : null,
        };
        return EntityWrite.Put(entity);
    }

    /// <summary>The rows from <paramref name="from"/>, inclusive, to <paramref name="to"/>, exclusive.</summary>
    public static EntityQuery Between(TenantId tenant, DateTimeOffset from, DateTimeOffset to) =>
        new(tenant.Partition, RowAt(from), RowAt(to));

    public static UsageRow Read(TenantId tenant, Entity entity) => new(
        tenant,
        entity.Key.Row[(entity.Key.Row.LastIndexOf('-') + 1)..],
        entity.GetTime("at")!.Value,
        entity.GetString("provider")!,
        entity.GetBoolean("success")!.Value,
        (int)entity.GetInt64("recipients")!.Value,
        decimal.Parse(entity.GetString("cost_usd")!, CultureInfo.InvariantCulture),
        TimeSpan.FromMilliseconds(entity.GetInt64("duration_ms")!.Value),
        entity.GetBoolean("was_limited") ?? false,
        entity.GetBoolean("part") ?? false);

    private static string RowAt(DateTimeOffset time) => Prefix + time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
}
