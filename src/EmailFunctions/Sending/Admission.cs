using EmailFunctions.Configs;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Limits;
using EmailFunctions.Problems;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.Sending;

/// <summary>
/// Decides whether a valid message is refused by what holds now: it is too late for it, it is not as its tenant's configuration wants messages, or
/// the tenant's quota or budget leaves it no room. What was accepted before under the same key is answered again all the same.
/// </summary>
internal sealed class Admission(ITenantPolicies policies, TenantStates states, TenantLanes lanes, DeliveryMetrics metrics, TimeProvider time)
{
    /// <summary>Why the message is refused; null: it is not, and takes its room.</summary>
    /// <param name="submission">The message.</param>
    /// <param name="rooms">What the messages of this request find and take, by tenant: filled here, one read for each tenant that refuses at all.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<Problem?> FindRefusalAsync(Submission submission, Dictionary<TenantId, QuotaRoom> rooms, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (submission.ExpiresAt <= now)
            return Problem.Invalid("expires_at", "must be in the future").Problem;
        if (await states.FindAsync(submission.Tenant, TenantStates.Coarse, cancellationToken) is { IsLeaving: true })
            return Problem.Conflict(TenantState.Leaving).Problem;
        var policy = await policies.GetAsync(submission.Tenant, fresh: false, cancellationToken);
        var errors = new FieldErrors();
        TenantRules.Validate(submission, policy.Messages, errors);
        if (errors.Any)
            return Problem.Invalid(errors).Problem;
        var cost = submission.Content.RecipientCount * policy.CostPerRecipientUsd;
        if (policy.Limits.MonthlyBudgetUsd is > 0 and var budget && cost > budget)
            return Problem.Invalid("to", "has recipients that together cost more than the tenant's monthly_budget_usd, so that the message could never be sent").Problem;
        if (!Refuses(policy))
            return null;
        if (!rooms.TryGetValue(submission.Tenant, out var room))
            rooms.Add(submission.Tenant, room = new QuotaRoom(policy, await lanes.ReadAsync(submission.Tenant, cancellationToken), now));
        if (room.Take(cost, submission.SendAt > now ? submission.SendAt.Value : now) is not var (limit, periodEnd))
            return null;
        metrics.Refused(submission.Tenant, limit);
        return Problem.OverQuota(limit, periodEnd - now).Problem;
    }

    /// <summary>Whether the tenant's messages take room, of which there may be too little.</summary>
    public async ValueTask<bool> RefusesAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Refuses(await policies.GetAsync(tenant, fresh: false, cancellationToken));

    private static bool Refuses(TenantPolicy policy) =>
        policy.RejectsOverQuota && (policy.Limits.DailyQuota > 0 || policy.Limits.MonthlyBudgetUsd > 0);
}

/// <summary>What a tenant's quota and budget leave to the messages of one request.</summary>
internal sealed class QuotaRoom(TenantPolicy policy, TenantLimits? limits, DateTimeOffset now)
{
    private readonly Dictionary<long, int> _messages = [];
    private readonly Dictionary<long, decimal> _usd = [];

    /// <summary>Takes a message's part of the day and month that it is to be sent in; what is too small, and until when, where it finds too little.</summary>
    public (string Limit, DateTimeOffset PeriodEnd)? Take(decimal cost, DateTimeOffset sendAt)
    {
        var (day, today) = (DayOf(sendAt), DayOf(now));
        var (month, thisMonth) = (MonthOf(sendAt), MonthOf(now));
        // Those in line go first. What they cost is not known here, but none costs less than one recipient.
        var usd = _usd.GetValueOrDefault(month) + (limits?.Month.UsedIn(month) ?? 0)
            + (month == thisMonth ? limits?.InLine * policy.CostPerRecipientUsd ?? 0 : 0);
        if (policy.Limits.MonthlyBudgetUsd > 0 && usd + cost > policy.Limits.MonthlyBudgetUsd)
            return (LimitNames.MonthlyBudget, TimeOf(Periods.StartOfMonth(month + 1)));
        var messages = _messages.GetValueOrDefault(day) + (limits?.Day.UsedIn(day) ?? 0) + (day == today ? limits?.InLine ?? 0 : 0);
        if (policy.Limits.DailyQuota > 0 && messages >= policy.Limits.DailyQuota)
            return (LimitNames.DailyQuota, TimeOf(Periods.StartOfDay(day + 1)));
        _usd[month] = _usd.GetValueOrDefault(month) + cost;
        _messages[day] = _messages.GetValueOrDefault(day) + 1;
        return null;
    }

    private static DateTimeOffset TimeOf(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static long DayOf(DateTimeOffset time) => Periods.DayOf(time.ToUnixTimeMilliseconds());

    private static long MonthOf(DateTimeOffset time) => Periods.MonthOf(time.ToUnixTimeMilliseconds());
}
