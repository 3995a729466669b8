using EmailFunctions.Configs;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Limits;
using EmailFunctions.Tenants;

namespace EmailFunctions.Admin;

/// <summary>What tenants have used of their quotas and budgets, as the store has it, and so over all instances.</summary>
internal sealed class BudgetIndex(ConfigIndex configs, PolicyDefaults defaults, TenantLanes lanes, TimeProvider time)
{
    private const int ReadsAtOnce = 16;

    /// <summary>A page of those that have a daily quota or a monthly budget; costs a read for each, and those of the configurations.</summary>
    public async Task<(IReadOnlyList<TenantBudget> Budgets, TenantId? Next)> ReadAsync(TenantId? after, int limit, CancellationToken cancellationToken)
    {
        var (found, next) = await configs.FindAsync(config => RulesOf(config) is { DailyQuota: > 0 } or { MonthlyBudgetUsd: > 0 }, after, limit, cancellationToken);
        var budgets = new TenantBudget[found.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, found.Count, options, async (index, token) =>
            budgets[index] = ToBudget(found[index].Tenant, RulesOf(found[index]), await lanes.ReadAsync(found[index].Tenant, token)));
        return (budgets, next);
    }

    private LimitRules RulesOf(TenantConfig config) => defaults.LimitsOf(config.Tenant, config.Fields);

    private TenantBudget ToBudget(TenantId tenant, LimitRules rules, TenantLimits? limits)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return new TenantBudget(
            tenant.Value,
            StateOf(limits?.Day.UsedIn(Periods.DayOf(now)) ?? 0, rules.DailyQuota),
            StateOf(limits?.Month.UsedIn(Periods.MonthOf(now)) ?? 0, rules.MonthlyBudgetUsd),
            limits?.InLine ?? 0,
            limits?.WaitsFor(now));
    }

    private static BudgetState? StateOf(decimal used, decimal limit) =>
        limit > 0 ? new BudgetState(used, limit, (double)Math.Round(100 * used / limit, 2)) : null;
}
