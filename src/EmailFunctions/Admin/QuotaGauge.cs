using System.Diagnostics.Metrics;
using EmailFunctions.Limits;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Admin;

/// <summary>The metric <c>email_quota_utilization</c>, of tenants that have a daily quota or a monthly budget.</summary>
internal sealed class QuotaGauge(BudgetIndex budgets, TenantLabels tenants, IMeterFactory meters)
    : StoredGauge(meters, "email_quota_utilization", "Percent of the daily quota or the monthly budget that is used; of the budget not below 100 while what is left is too little for the next message.")
{
    private const int PageSize = 1_000;
    private const double UsedUp = 100;

    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        var all = new List<TenantBudget>();
        TenantId? next = null;
        do
        {
            (var found, next) = await budgets.ReadAsync(next, PageSize, cancellationToken);
            all.AddRange(found);
        }
        while (next is not null);
        return [.. from budget in all
                   from state in new[] { (Type: "daily", Percent: budget.DailyQuota?.Percent), (Type: "monthly", Percent: BudgetPercent(budget)) }
                   where state.Percent is not null
                   group state.Percent.GetValueOrDefault() by (Label: LabelOf(budget), state.Type) into shares
                   // Of those who share a series, whoever is nearest to the end shows.
                   select new Measurement<double>(shares.Max(), MetricLabels.Of(MetricLabels.Tenant, shares.Key.Label), MetricLabels.Of("quota_type", shares.Key.Type))];
    }

    // Messages are whole, and what they cost need not divide the budget: a rest that nobody can use is as good as none.
    private static double? BudgetPercent(TenantBudget budget) => budget.MonthlyBudgetUsd is { } state
        ? budget.WaitsFor == LimitNames.MonthlyBudget ? Math.Max(UsedUp, state.Percent) : state.Percent
        : null;

    private string LabelOf(TenantBudget budget) => TenantId.TryParse(budget.TenantId, out var tenant) ? tenants.NameOf(tenant) : TenantLabels.Other;
}
