using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Admin;

/// <summary>The metric <c>email_quota_utilization</c>, of tenants that have a daily quota or a monthly budget.</summary>
internal sealed class QuotaGauge(BudgetIndex budgets, TenantLabels tenants, IMeterFactory meters)
    : StoredGauge(meters, "email_quota_utilization", "Percent of the daily quota or the monthly budget that is used.")
{
    private const int PageSize = 1_000;

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
                   from state in new[] { (Type: "daily", State: budget.DailyQuota), (Type: "monthly", State: budget.MonthlyBudgetUsd) }
                   where state.State is not null
                   group state.State.Percent by (Label: LabelOf(budget), state.Type) into shares
                   // Of those who share a series, whoever is nearest to the end shows.
                   select new Measurement<double>(shares.Max(), MetricLabels.Of(MetricLabels.Tenant, shares.Key.Label), MetricLabels.Of("quota_type", shares.Key.Type))];
    }

    private string LabelOf(TenantBudget budget) => TenantId.TryParse(budget.TenantId, out var tenant) ? tenants.NameOf(tenant) : TenantLabels.Other;
}
