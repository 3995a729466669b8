using EmailFunctions.Configs;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Limits;
using EmailFunctions.Messages;

namespace EmailFunctions.Sending;

/// <summary>
/// Says how long a message is likely to wait for its tenant's limits, by what this process knows of them: nothing is read for it,
/// and other processes may know better.
/// </summary>
internal sealed class WaitEstimate(ITenantPolicies policies, TenantLanes lanes, TimeProvider time)
{
    /// <summary>The wait of a message that is to be sent at once; null: none is known.</summary>
    public async ValueTask<ExpectedWait?> FindAsync(Submission submission, CancellationToken cancellationToken)
    {
        // Nobody knows when a suspended tenant is let go.
        if (lanes.Known(submission.Tenant) is not { IsSuspended: false } limits)
            return null;
        var policy = await policies.GetAsync(submission.Tenant, fresh: false, cancellationToken);
        if (!policy.Limits.HasAny)
            return null;
        return Find(limits, submission.Priority, submission.Content.RecipientCount * policy.CostPerRecipientUsd, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private static ExpectedWait? Find(TenantLimits limits, MessagePriority priority, decimal cost, long now)
    {
        var (time, limit) = limits.Earliest(now, cost);
        if (limits.InLine > 0)
        {
            // Those of its own priority and of higher ones go first.
            var ahead = limits.Line.Take((int)priority).Sum();
            (time, limit) = (Math.Max(time, limits.SlotOf(ahead, now)), limit ?? limits.LineLimit);
        }

        return time > now && limit is not null ? new ExpectedWait(DateTimeOffset.FromUnixTimeMilliseconds(time), limit) : null;
    }
}
