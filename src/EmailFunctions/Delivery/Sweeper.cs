using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>
/// Finds open messages whose hint on the queue was lost, and gives them another. A message whose hint is merely late gets a
/// second one, which does no harm; each time the next sweep for it is put off further, so that a long backlog is not queued
/// over and over.
/// </summary>
public sealed partial class Sweeper(
    Ledger ledger, MessagePayloads payloads, TenantDirectory tenants, TenantLanes lanes, DispatchQueue queue, TimeProvider time, ILogger<Sweeper> logger)
{
    /// <summary>How overdue a message must be.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    // A payload is written before its row; a younger one may still get one.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(1);

    /// <summary>Sweeps all tenants once; returns how many messages got a new hint.</summary>
    public async Task<int> SweepMessagesAsync(CancellationToken cancellationToken)
    {
        var queued = 0;
        await foreach (var tenant in tenants.ListAsync(cancellationToken))
        {
            await foreach (var id in ledger.ListOverdueAsync(tenant, time.GetUtcNow() - Margin, cancellationToken))
                queued += await TryQueueAsync(id, cancellationToken) ? 1 : 0;
            if (await lanes.MendAsync(tenant, cancellationToken))
                LineMended(logger, tenant);
        }

        if (queued > 0)
            Swept(logger, queued);
        return queued;
    }

    /// <summary>Removes payloads that no message needs; returns how many.</summary>
    public Task<int> SweepPayloadsAsync(CancellationToken cancellationToken) =>
        payloads.RemoveOrphansAsync(ledger, time.GetUtcNow() - OrphanAge, cancellationToken);

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
        await queue.EnqueueAsync(id, due > now && !entry.IsWaiting ? due : null, cancellationToken);
        return true;
    }

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    [LoggerMessage(EventId = 342, Level = LogLevel.Warning, Message = "Copies for slots of tenant {TenantId} did not come; its line was planned anew.")]
    private static partial void LineMended(ILogger logger, TenantId tenantId);

    [LoggerMessage(EventId = 340, Level = LogLevel.Information, Message = "The sweep queued {Count} open messages again.")]
    private static partial void Swept(ILogger logger, int count);
}
