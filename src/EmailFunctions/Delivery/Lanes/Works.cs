using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Storage;

namespace EmailFunctions.Delivery.Lanes;

/// <summary>Why a message comes to its lane.</summary>
internal enum Arrival
{
    /// <summary>For the first time, or for another attempt.</summary>
    Due,

    /// <summary>It had its turn and was too late for its slot: it goes before the line if there is room.</summary>
    LostSlot,

    /// <summary>It had its turn and is put off: it stands in line again.</summary>
    PutOff,
}

/// <summary>A message asks for its turn: it is claimed if there is room and nobody before it, else it stands in line.</summary>
/// <param name="before">Its row as it was read.</param>
/// <param name="entry">The same with what was found out since.</param>
/// <param name="arrival">Why it comes.</param>
/// <param name="blockedUntil">Until when its provider is to be left alone; null: it is not.</param>
internal sealed class ArriveWork(LedgerEntry before, LedgerEntry entry, Arrival arrival, DateTimeOffset? blockedUntil) : LaneWork<Turn>
{
    private Turn _turn = Turn.Done;

    public override MessageId? Row => before.Id;

    /// <summary>What reserves a time for it where its provider has no place; null: it is not asked.</summary>
    public PlaceReservation? Reservation { get; init; }

    /// <summary>The turn whose slot went by; null: it had none.</summary>
    public Turn? Lost { get; init; }

    /// <summary>Until when it alone is put off; null: it is not.</summary>
    public DateTimeOffset? PutOffUntil { get; init; }

    public override void Apply(LaneBatch batch)
    {
        var limits = batch.Limits;
        if (blockedUntil is { } until)
            limits.BlockedUntil = Math.Max(limits.BlockedUntil, until.ToUnixTimeMilliseconds());
        // Under another plan the history may have begun anew.
        if (Lost is { IsSpent: false } && Lost.Plan == limits.Plan)
            limits.GiveBack(Lost.NotBefore.ToUnixTimeMilliseconds());
        _turn = Turn.Done;
        var cost = batch.CostOf(entry);
        if (limits.IsBeyondBudget(cost))
        {
            batch.HoldBeyondBudget(before, entry);
            return;
        }

        var (at, _) = limits.Earliest(batch.NowMilliseconds, cost);
        var isNext = !limits.IsSuspended && arrival switch
        {
            Arrival.Due => limits.InLine == 0 && at <= batch.NowMilliseconds,
            Arrival.LostSlot => at <= batch.NowMilliseconds + (long)SlotTiming.Early.TotalMilliseconds,
            _ => false,
        };
        if (isNext && batch.IsTooLate(entry, at))
            batch.Expire(before, entry);
        else if ((isNext ? Reservation?.FullUntil() : PutOffUntil ?? FullBehindLine(limits, batch.NowMilliseconds, cost)) is { } full)
            batch.Wait(before, entry, full);
        else if (isNext)
            _turn = batch.Claim(before, entry, at);
        else
            batch.Wait(before, entry, fullUntil: null);
    }

    // Only where a slot is booked for it, and before there is a place.
    private DateTimeOffset? FullBehindLine(TenantLimits limits, long now, decimal? cost) =>
        limits.NextSlot(now, cost) is { } slot ? Reservation?.FullUntil(DateTimeOffset.FromUnixTimeMilliseconds(slot)) : null;

    public override void Complete(string? etag) =>
        SetAnswer(_turn.Entry is { } claimed ? _turn with { Entry = claimed with { ETag = etag } } : _turn);

    public override void Refuse() => SetAnswer(Turn.Stale);
}

/// <summary>A slot has come: whoever is first in line is claimed.</summary>
/// <param name="plan">The plan that the slot's copy belongs to.</param>
/// <param name="blockedUntil">Until when the provider is to be left alone; null: it is not.</param>
/// <param name="reservation">What reserves a time where the provider has no place.</param>
internal sealed class SlotWork(long plan, DateTimeOffset? blockedUntil, PlaceReservation reservation) : LaneWork<Turn>
{
    private Turn _turn = Turn.Done;

    public override bool TakesFromLine => true;

    public override MessageId? Witness => _turn.Entry?.Id;

    public override void Apply(LaneBatch batch)
    {
        var limits = batch.Limits;
        var now = batch.NowMilliseconds;
        _turn = Turn.Done;
        if (blockedUntil is { } until)
            limits.BlockedUntil = Math.Max(limits.BlockedUntil, until.ToUnixTimeMilliseconds());
        // Superseded by another plan, more copies than slots, or not for the next slot.
        if (plan != limits.Plan || limits.Booked.IsEmpty || limits.Booked.First > now + Early)
        {
            batch.IsDoubtful = true;
            return;
        }

        if (batch.Line.First(limits.Next, batch.Written) is not { } first)
        {
            batch.IsTorn = true;
            return;
        }

        batch.IsChanged = true;
        limits.Booked.RemoveFirst();
        var cost = batch.CostOf(first);
        if (limits.IsBeyondBudget(cost))
        {
            limits.Leave(first.Priority);
            batch.HoldBeyondBudget(first, first);
            batch.Book(limits.Book(now, cost: 0));
            return;
        }

        var (at, limit) = limits.Earliest(now, cost);
        if (at > now + Early)
        {
            // Others were late before it, so its slot is not free yet: it takes the next one.
            limits.LineLimit = limit ?? limits.LineLimit;
            // What it costs is known only now; slots that were booked regardless would find the same, again and again.
            if (limit == LimitNames.MonthlyBudget)
                limits.ShortUntil = at;
            batch.Book(limits.Book(now, cost));
            return;
        }

        var isTooLate = batch.IsTooLate(first, at);
        if (!isTooLate && reservation.FullUntil() is { } full)
        {
            limits.LineLimit = LimitNames.Provider;
            batch.Book(limits.Book(batch.SlotAt(full), cost));
            return;
        }

        limits.Leave(first.Priority);
        if (isTooLate)
            batch.Expire(first, first);
        else
            _turn = batch.Claim(first, first, at);
        // Where the line waited for its budget, each books the next.
        if (limits.Booked.IsEmpty)
            batch.Book(limits.Book(now, cost: 0));
    }

    public override void Complete(string? etag) =>
        SetAnswer(_turn.Entry is { } claimed ? _turn with { Entry = claimed with { ETag = etag } } : _turn);

    public override void Refuse() => SetAnswer(Turn.Stale);

    private static long Early => (long)SlotTiming.Early.TotalMilliseconds;
}

/// <summary>Why slots are to be booked.</summary>
internal enum PlanReason
{
    /// <summary>The wake-up of a plan has come.</summary>
    WakeUp,

    /// <summary>Limits may have changed.</summary>
    NewLimits,

    /// <summary>Copies that should have come did not.</summary>
    Lost,
}

/// <summary>Books slots for those in line who have none.</summary>
internal sealed class PlanWork(PlanReason reason, long plan = 0) : LaneWork<bool>
{
    /// <summary>How long a copy may be late before it counts as lost; twice as long each time, as long as nothing is sent.</summary>
    private static readonly long Late = (long)TimeSpan.FromSeconds(30).TotalMilliseconds;
    private static readonly long LatestLate = (long)TimeSpan.FromHours(1).TotalMilliseconds;

    public override void Apply(LaneBatch batch)
    {
        var limits = batch.Limits;
        var now = batch.NowMilliseconds;
        switch (reason)
        {
            // Changed limits were seen before any work was applied; a changed provider need not be waited for.
            case PlanReason.NewLimits when limits.BlockedUntil > now:
                batch.IsChanged = true;
                limits.BlockedUntil = 0;
                limits.Replan(limits.Rules, now).ForEach(batch.Book);
                break;
            case PlanReason.NewLimits:
                break;
            case PlanReason.WakeUp when plan == limits.Plan && limits.WakeAt <= now + (long)SlotTiming.Early.TotalMilliseconds:
                batch.IsChanged = true;
                limits.WakeAt = null;
                limits.BookAll(now).ForEach(batch.Book);
                break;
            case PlanReason.Lost when IsLost(limits, now):
                batch.IsChanged = true;
                limits.Mends++;
                limits.Replan(limits.Rules, now).ForEach(batch.Book);
                break;
            default:
                batch.IsDoubtful = true;
                break;
        }
    }

    /// <summary>Whether limits that were read earlier must not be believed.</summary>
    public bool LimitsMayBeNew => reason == PlanReason.NewLimits;

    /// <summary>Whether the line is to be counted anew, since something was lost.</summary>
    public bool CountsLine => reason == PlanReason.Lost;

    /// <summary>Whether copies that should have come did not.</summary>
    public static bool IsLost(TenantLimits limits, long now)
    {
        var due = now - Math.Min(LatestLate, Late << Math.Min(limits.Mends, 10));
        return limits.InLine > 0 && !limits.IsSuspended
            && ((!limits.Booked.IsEmpty && limits.Booked.First < due)
                || limits.WakeAt < due
                || (limits.Booked.IsEmpty && limits.WakeAt is null));
    }

    public override void Complete(string? etag) => SetAnswer(true);

    public override void Refuse() => SetAnswer(false);
}

/// <summary>The tenant is suspended, or let go again.</summary>
internal sealed class SuspendWork(bool isSuspended) : LaneWork<bool>
{
    public override void Apply(LaneBatch batch)
    {
        if (batch.Limits.IsSuspended == isSuspended)
        {
            batch.IsDoubtful = true;
            return;
        }

        batch.IsChanged = true;
        if (isSuspended)
            batch.Limits.Suspend();
        else
            batch.Limits.Resume(batch.NowMilliseconds).ForEach(batch.Book);
    }

    public override void Complete(string? etag) => SetAnswer(true);

    public override void Refuse() => SetAnswer(false);
}

/// <summary>A message's row changes, and what it means for the limits with it: it leaves the line, or gives back what it took.</summary>
/// <param name="before">Its row as it was read.</param>
/// <param name="after">As it is to be.</param>
/// <param name="others">Rows that join the batch.</param>
internal sealed class ChangeWork(LedgerEntry before, LedgerEntry after, IReadOnlyList<EntityWrite> others) : LaneWork<string?>
{
    public override int MaxWrites => 5 + others.Count;

    public override MessageId? Row => before.Id;

    /// <summary>What is given back to the month's budget, and from when it was taken; null: nothing.</summary>
    public Charge? Refund { get; init; }

    public override void Apply(LaneBatch batch)
    {
        if (before.IsWaiting && !after.IsWaiting)
            batch.Limits.Leave(before.Priority);
        if (Refund is { } refund)
            batch.Limits.Refund(refund.At.ToUnixTimeMilliseconds(), refund.CostUsd);
        batch.Book(batch.Limits.Retry(batch.NowMilliseconds));
        batch.Change(before, after);
        batch.Writes.AddRange(others);
    }

    public override void Complete(string? etag) => SetAnswer(etag);

    public override void Refuse() => SetAnswer(null);
}
