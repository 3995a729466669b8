using System.Globalization;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Limits;

/// <summary>A tenant's limits as an entity of its partition: the row before those of the line, so that one query reads both.</summary>
internal static class LimitsRow
{
    private static readonly string[] LineNames = ["line_high", "line_normal", "line_low"];

    public static EntityKey KeyOf(TenantId tenant) => Ledger.LineHeadOf(tenant);

    public static EntityWrite ToWrite(TenantId tenant, TenantLimits limits, string writeId, string? etag)
    {
        var entity = new Entity(KeyOf(tenant))
        {
            ["per_minute"] = limits.Rules.PerMinute,
            ["per_hour"] = limits.Rules.PerHour,
            ["daily_quota"] = limits.Rules.DailyQuota,
            ["monthly_budget_usd"] = Text(limits.Rules.MonthlyBudgetUsd),
            ["write_id"] = writeId,
            ["plan"] = limits.Plan,
            ["minute"] = limits.Minute.Encode(),
            ["hour"] = limits.Hour.Encode(),
            ["booked"] = limits.Booked.Encode(),
            ["wake_at"] = limits.WakeAt,
            ["blocked_until"] = limits.BlockedUntil,
            ["short_until"] = limits.ShortUntil,
            ["mends"] = limits.Mends,
            ["day"] = limits.Day.Period,
            ["day_used"] = Text(limits.Day.Used),
            ["day_passed"] = limits.Day.Passed,
            ["month"] = limits.Month.Period,
            ["month_used"] = Text(limits.Month.Used),
            ["month_passed"] = limits.Month.Passed,
            ["since_low"] = limits.SinceLow,
            ["line_limit"] = limits.LineLimit,
            ["suspended"] = limits.IsSuspended ? true : null,
        };
        for (var index = 0; index < LineNames.Length; index++)
            entity[LineNames[index]] = limits.Line[index];
        return etag is null ? EntityWrite.Insert(entity) : EntityWrite.Replace(entity, etag);
    }

    public static TenantLimits Read(Entity entity, SlotTiming timing)
    {
        var rules = new LimitRules(
            (int)Number(entity, "per_minute"), (int)Number(entity, "per_hour"), (int)Number(entity, "daily_quota"), Amount(entity, "monthly_budget_usd"));
        return new TenantLimits(timing, rules)
        {
            Plan = Number(entity, "plan"),
            Minute = TimedCounts.Decode(entity.GetBytes("minute")),
            Hour = TimedCounts.Decode(entity.GetBytes("hour")),
            Booked = TimedCounts.Decode(entity.GetBytes("booked")),
            WakeAt = entity.GetInt64("wake_at"),
            BlockedUntil = Number(entity, "blocked_until"),
            ShortUntil = Number(entity, "short_until"),
            Mends = (int)Number(entity, "mends"),
            Day = new Consumption(Number(entity, "day"), Amount(entity, "day_used"), (int)Number(entity, "day_passed")),
            Month = new Consumption(Number(entity, "month"), Amount(entity, "month_used"), (int)Number(entity, "month_passed")),
            SinceLow = (int)Number(entity, "since_low"),
            LineLimit = entity.GetString("line_limit"),
            IsSuspended = entity.GetBoolean("suspended") ?? false,
            Line = [.. LineNames.Select(name => (int)Number(entity, name))],
        };
    }

    /// <summary>Names the write that brought this version.</summary>
    public static string? WriteIdOf(Entity entity) => entity.GetString("write_id");

    private static long Number(Entity entity, string name) => entity.GetInt64(name) ?? 0;

    // A decimal as text: a double would lose parts of a cent.
    private static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);

    private static decimal Amount(Entity entity, string name) =>
        entity.GetString(name) is { } text ? decimal.Parse(text, CultureInfo.InvariantCulture) : 0;
}
