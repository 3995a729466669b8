using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.DeadLetters;

/// <summary>
/// Ends messages that were held for too long, and removes their content. Not those whose tenant's budget is too small for them: what a
/// limit delays is never dropped.
/// </summary>
public sealed partial class HeldMessageSweep(
    Ledger ledger,
    MessagePayloads payloads,
    TenantLanes lanes,
    TenantDirectory tenants,
    SweepPositions positions,
    DeadLetterSettings settings,
    TimeProvider time,
    ILogger<HeldMessageSweep> logger) : ISweep
{
    /// <summary>Tenants and messages that one run looks at.</summary>
    public const int MaxLooks = 1_000;

    private const string PositionName = "held-messages";

    public string Name => "HeldMessages";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 55 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (expired, looks) = (0, 0);
        var end = time.GetUtcNow() - settings.HeldLifetime;
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        SweepPosition? stop = null;
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            looks++;
            var last = tenant == start?.Tenant ? start.Row : null;
            // Who was accepted later can't have been held for so long.
            await foreach (var id in ledger.ListHeldAsync(tenant, last, end, cancellationToken))
            {
                if (looks++ >= MaxLooks)
                    break;
                expired += await TryExpireAsync(id, end, cancellationToken) ? 1 : 0;
                last = id.Unique;
            }

            if (looks >= MaxLooks)
            {
                stop = new SweepPosition(tenant, last);
                break;
            }
        }

        await positions.WriteAsync(PositionName, start, stop, cancellationToken);
        if (expired > 0)
            Expired(logger, expired);
        return new SweepRun(expired, stop is null);
    }

    private async Task<bool> TryExpireAsync(MessageId id, DateTimeOffset end, CancellationToken cancellationToken)
    {
        if (await ledger.GetAsync(id, cancellationToken) is not { IsHeld: true } entry || entry.UpdatedAt >= end || entry.Reason == LimitNames.MonthlyBudget)
            return false;
        // Not written: it was released or cancelled in this moment.
        if (!await lanes.EndAsync(entry, Outcomes.Expire(entry, time.GetUtcNow()) with { Reason = DeadLetterEnds.HeldReason }))
            return false;
        await payloads.TryRemoveAsync(entry, cancellationToken);
        return true;
    }

    [LoggerMessage(EventId = 411, Level = LogLevel.Information, Message = "The sweep ended {Count} messages that were held for too long.")]
    private static partial void Expired(ILogger logger, int count);
}
