using System.Collections.Concurrent;
using EmailFunctions.Configs;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery.Lanes;

/// <summary>What every lane works with.</summary>
public sealed partial class LaneParts(
    IEntityTable table,
    Ledger ledger,
    ITenantPolicies policies,
    DispatchQueue queue,
    ClaimPolicy claims,
    SlotTiming timing,
    IRandom random,
    DeliveryMetrics metrics,
    TimeProvider time,
    ILogger<LaneParts> logger)
{
    // A write that others were faster than is tried again after a random wait, or they would meet again.
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    internal IEntityTable Table => table;

    internal Ledger Ledger => ledger;

    internal ITenantPolicies Policies => policies;

    internal ClaimPolicy Claims => claims;

    internal SlotTiming Timing => timing;

    internal TimeProvider Time => time;

    internal TimeSpan Backoff(int tries) =>
        random.NextDouble() * TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(tries, 10)));

    /// <summary>Does what follows from a batch that was written: tells of it, and puts its copies on the queue. What fails here is found by the sweep.</summary>
    internal async Task FollowAsync(TenantId tenant, LaneBatch batch)
    {
        foreach (var (before, limit) in batch.Limited)
            metrics.Limited(tenant, batch.Policy.Provider.Name(), limit, isFirst: !before.WasLimited);
        foreach (var (limit, percent, _) in batch.Marks)
            MarkPassed(logger, tenant, percent, limit);
        if (batch.Bookings.Count == 0)
            return;
        try
        {
            await queue.EnqueueAsync([.. batch.Bookings.Select(booking => ToDispatch(tenant, batch.Limits.Plan, booking))], CancellationToken.None);
        }
        catch (StoreUnavailableException exception)
        {
            EnqueueFailed(logger, exception, tenant);
        }
    }

    private Dispatch ToDispatch(TenantId tenant, long plan, Booking booking) => new(
        booking.IsWakeUp ? new WakeUpReference(tenant, plan) : new SlotReference(tenant, plan),
        DateTimeOffset.FromUnixTimeMilliseconds(booking.At!.Value) - timing.Lead);

    [LoggerMessage(EventId = 350, Level = LogLevel.Warning, Message = "Tenant {TenantId} has used {Percent} % of its {Limit}.")]
    private static partial void MarkPassed(ILogger logger, TenantId tenantId, int percent, string limit);

    [LoggerMessage(EventId = 351, Level = LogLevel.Warning, Message = "Slots of tenant {TenantId} were booked, but the queue can't be reached; the sweep will book them anew.")]
    private static partial void EnqueueFailed(ILogger logger, Exception exception, TenantId tenantId);
}

/// <summary>The lanes of all tenants that have limits: where a message gets its turn.</summary>
public sealed class TenantLanes(LaneParts parts)
{
    // Any lane can go: what it knows is in the store, and two of one tenant are like two processes.
    private const int MaxLanes = 5_000;

    private readonly ConcurrentDictionary<TenantId, TenantLane> _lanes = new();

    /// <summary>A message asks for its turn.</summary>
    internal Task<Turn> ArriveAsync(LedgerEntry before, LedgerEntry entry, DateTimeOffset? blockedUntil, PlaceReservation reservation) =>
        AskAsync(before.Id.Tenant, new ArriveWork(before, entry, Arrival.Due, blockedUntil) { Reservation = reservation });

    /// <summary>A claimed message lost its slot on the way, gives it back unless it is spent, and asks for another.</summary>
    internal Task<Turn> LoseSlotAsync(LedgerEntry claimed, LedgerEntry entry, Turn lost) =>
        AskAsync(claimed.Id.Tenant, new ArriveWork(claimed, entry, Arrival.LostSlot, blockedUntil: null) { Lost = lost });

    /// <summary>A claimed message is put off, and unless it <paramref name="isAlone"/> its tenant's line with it; false when its row is not what was read.</summary>
    internal async Task<bool> PutOffAsync(LedgerEntry claimed, LedgerEntry entry, DateTimeOffset? until, bool isAlone)
    {
        var work = new ArriveWork(claimed, entry, Arrival.PutOff, isAlone ? null : until) { PutOffUntil = isAlone ? until : null };
        return (await AskAsync(claimed.Id.Tenant, work)).Kind != TurnKind.Stale;
    }

    /// <summary>A slot has come.</summary>
    internal Task<Turn> TakeSlotAsync(SlotReference slot, DateTimeOffset? blockedUntil, PlaceReservation reservation) =>
        AskAsync(slot.Tenant, new SlotWork(slot.Plan, blockedUntil, reservation));

    /// <summary>A plan's wake-up has come.</summary>
    internal Task WakeAsync(WakeUpReference wakeUp) => AskAsync(wakeUp.Tenant, new PlanWork(PlanReason.WakeUp, wakeUp.Plan));

    /// <summary>The tenant's limits may have changed.</summary>
    internal Task ReplanAsync(TenantId tenant) => AskAsync(tenant, new PlanWork(PlanReason.NewLimits));

    /// <summary>The tenant is suspended, or let go again: what stands in its line waits, and so does who arrives.</summary>
    internal Task SuspendAsync(TenantId tenant, bool isSuspended) => AskAsync(tenant, new SuspendWork(isSuspended));

    /// <summary>A message's row changes, and with it what it has of the limits; null when the row is not what was read.</summary>
    internal Task<string?> ChangeAsync(LedgerEntry before, LedgerEntry after, Charge? refund = null, IReadOnlyList<EntityWrite>? others = null) =>
        AskAsync(before.Id.Tenant, new ChangeWork(before, after, others ?? []) { Refund = refund });

    /// <summary>
    /// A message ends without being sent: it leaves the line, if it stands in it, and gives back what it took. False when its row is
    /// not what was read.
    /// </summary>
    internal async Task<bool> EndAsync(LedgerEntry before, LedgerEntry after)
    {
        return (before.IsWaiting || before.Unspent is not null
            ? await ChangeAsync(before, after, before.Unspent)
            : await parts.Ledger.WriteAsync([.. Ledger.Change(before, after)], CancellationToken.None)) is not null;
    }

    /// <summary>Books anew what should have come and did not; true where that was so.</summary>
    internal async Task<bool> MendAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (await ReadAsync(tenant, cancellationToken) is not { } limits || !PlanWork.IsLost(limits, parts.Time.GetUtcNow().ToUnixTimeMilliseconds()))
            return false;
        return await AskAsync(tenant, new PlanWork(PlanReason.Lost));
    }

    /// <summary>The tenant's limits as they are stored; null where it has none yet.</summary>
    internal async Task<TenantLimits?> ReadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await parts.Table.GetAsync(LimitsRow.KeyOf(tenant), cancellationToken) is { } entity ? LimitsRow.Read(entity, parts.Timing) : null;

    /// <summary>The tenant's limits as this process knows them, which may be old; null where it does not.</summary>
    internal TenantLimits? Known(TenantId tenant) => _lanes.TryGetValue(tenant, out var lane) ? lane.Snapshot() : null;

    private Task<T> AskAsync<T>(TenantId tenant, LaneWork<T> work)
    {
        if (_lanes.Count > MaxLanes)
            _lanes.Clear();
        _lanes.GetOrAdd(tenant, static (name, parts) => new TenantLane(name, parts), parts).Add(work);
        return work.Answer;
    }
}
