using System.Diagnostics.Metrics;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Admin;

/// <summary>The metric <c>email_quota_utilization</c>, of tenants that have a daily quota or a monthly budget.</summary>
internal sealed class QuotaGauge(BudgetIndex budgets, TenantLabels tenants, MetricSettings settings, IMeterFactory meters)
    : StoredGauge(meters, "email_quota_utilization", "Percent of the daily quota or the monthly budget that is used.")
{
    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        // No more than have series of their own: each costs a read.
        var (found, _) = await budgets.ReadAsync(after: null, settings.MaxTenants, cancellationToken);
        return [.. from budget in found
                   from state in new[] { (Type: "daily", State: budget.DailyQuota), (Type: "monthly", State: budget.MonthlyBudgetUsd) }
                   where state.State is not null
                   group state.State.Percent by (Label: LabelOf(budget), state.Type) into shares
                   // Of those who share a series, whoever is nearest to the end shows.
                   select new Measurement<double>(shares.Max(), shares.Key.Label, MetricLabels.Of("quota_type", shares.Key.Type))];
    }

    private KeyValuePair<string, object?> LabelOf(TenantBudget budget) =>
        TenantId.TryParse(budget.TenantId, out var tenant) ? tenants.Of(tenant) : MetricLabels.Of(MetricLabels.Tenant, TenantLabels.Other);
}
