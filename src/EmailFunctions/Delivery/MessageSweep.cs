using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>
/// Finds open messages whose hint on the queue was lost, and gives them another. A message whose hint is merely late gets a
/// second one, which does no harm; each time the next sweep for it is put off further, so that a long backlog is not queued
/// over and over.
/// </summary>
public sealed partial class MessageSweep(
    Ledger ledger, TenantDirectory tenants, TenantLanes lanes, DispatchQueue queue, ClaimPolicy claims, TimeProvider time, ILogger<MessageSweep> logger) : ISweep
{
    /// <summary>How overdue a message must be.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    // What one run may do, so that it ends before long.
    private const int MaxTenants = 1_000;
    private const int MaxMessages = 1_000;

    // Where the next run goes on; null: at the first.
    private TenantId? _nextTenant;

    public string Name => "Messages";

    public TimeSpan Interval => TimeSpan.FromSeconds(10);

    // A run costs two reads for each tenant, which on a desk is nothing.
    public string Schedule => "0 * * * * *";

    /// <summary>Sweeps up to a thousand tenants, and the longest overdue messages of each; counts those that got a new hint.</summary>
    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (queued, swept, isLast, isComplete) = (0, 0, true, true);
        await foreach (var tenant in tenants.ListAsync(_nextTenant, cancellationToken))
        {
            // Also if this run fails: tenants that come late must not depend on a run that gets through all others.
            _nextTenant = tenant;
            isLast = swept++ < MaxTenants;
            if (!isLast)
                break;

            var looks = 0;
            await foreach (var id in ledger.ListOverdueAsync(tenant, time.GetUtcNow() - Margin, cancellationToken))
            {
                // Who got a hint is overdue no more, so the next run finds the others.
                if (looks++ == MaxMessages)
                {
                    isComplete = false;
                    break;
                }

                queued += await TryQueueAsync(id, cancellationToken) ? 1 : 0;
            }

            if (await lanes.MendAsync(tenant, cancellationToken))
                LineMended(logger, tenant);
        }

        if (isLast)
            _nextTenant = null;
        if (queued > 0)
            Swept(logger, queued);
        return new SweepRun(queued, isLast && isComplete);
    }

    private async Task<bool> TryQueueAsync(MessageId id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await ledger.GetAsync(id, cancellationToken) is not { SweepAt: { } sweepAt } entry || sweepAt >= now - Margin)
            return false;
        // Whose time is still to come gets its copy for then. Else twice as long as it has waited so far, the first time at least the margin.
        var due = entry.DueAt.GetValueOrDefault(sweepAt);
        var put = entry with { SweepAt = due > now ? due : now + Clamp(now - due, Margin, LongestWait) };
        // Not written: somebody is working on the message, which is all that a hint could bring about.
        if (await ledger.WriteAsync([.. Ledger.Change(entry, put)], cancellationToken) is null)
            return false;
        await queue.EnqueueAsync(id, WhenToLook(entry, due, now), cancellationToken);
        return true;
    }

    private DateTimeOffset? WhenToLook(LedgerEntry entry, DateTimeOffset due, DateTimeOffset now)
    {
        // Its process may live and only have been kept from the store, as this sweep was: it goes first.
        if (entry.Status == MessageStatus.Sending && !claims.IsOnlyProcess)
            return now + Margin;
        return due > now && !entry.IsWaiting ? due : null;
    }

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    [LoggerMessage(EventId = 342, Level = LogLevel.Warning, Message = "Copies for slots of tenant {TenantId} did not come; its line was planned anew.")]
    private static partial void LineMended(ILogger logger, TenantId tenantId);

    [LoggerMessage(EventId = 340, Level = LogLevel.Information, Message = "The sweep queued {Count} open messages again.")]
    private static partial void Swept(ILogger logger, int count);
}
