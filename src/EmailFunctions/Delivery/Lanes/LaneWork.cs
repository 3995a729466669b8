using EmailFunctions.Configs;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Storage;

namespace EmailFunctions.Delivery.Lanes;

/// <summary>What became of a message that asked for its turn.</summary>
internal enum TurnKind
{
    /// <summary>It is claimed: it is to be sent now.</summary>
    Claimed,

    /// <summary>Nothing is to be done now: it stands in line, is held, or there was nobody to be sent.</summary>
    Done,

    /// <summary>Its row is not what was read; look again.</summary>
    Stale,
}

/// <summary>The answer of a lane.</summary>
/// <param name="Kind">What became of the message.</param>
/// <param name="Entry">Its row as it is now, where it is claimed.</param>
/// <param name="NotBefore">When its provider may be called, where it is claimed.</param>
/// <param name="HasSlot">Whether that is a slot, which goes by; else any later time will do.</param>
internal sealed record Turn(TurnKind Kind, LedgerEntry? Entry = null, DateTimeOffset NotBefore = default, bool HasSlot = false)
{
    /// <summary>The plan under which the slot was taken.</summary>
    public long Plan { get; init; }

    /// <summary>Whether the slot counts even if the message takes another: a provider was called at it, or was not asked in time.</summary>
    public bool IsSpent { get; init; }

    public static Turn Done { get; } = new(TurnKind.Done);

    public static Turn Stale { get; } = new(TurnKind.Stale);
}

/// <summary>What a lane's batch is made of while its works are applied one after the other.</summary>
internal sealed class LaneBatch(TenantLimits limits, TenantPolicy policy, ClaimPolicy claims, LineHead line, SlotTiming timing, DateTimeOffset now, string writeId)
{
    public TenantLimits Limits => limits;

    public TenantPolicy Policy => policy;

    public ClaimPolicy Claims => claims;

    public DateTimeOffset Now => now;

    public string WriteId => writeId;

    /// <summary>The rows to be written beside the limits' own.</summary>
    public List<EntityWrite> Writes { get; } = [];

    public List<Booking> Bookings { get; } = [];

    /// <summary>The messages whose rows are written: a batch names each once.</summary>
    public HashSet<MessageId> Written { get; } = [];

    /// <summary>The marks of quota and budget that are passed.</summary>
    public List<(string Limit, int Percent, DateTimeOffset At)> Marks { get; } = [];

    /// <summary>The first of the line, with their rows, for those works that send whoever is first.</summary>
    public LineHead Line => line;

    /// <summary>The messages that a limit of the tenant puts off, as they were, and the limit.</summary>
    public List<(LedgerEntry Before, string Limit)> Limited { get; } = [];

    /// <summary>Whether limits were changed, so that the batch must be written even without rows.</summary>
    public bool IsChanged { get; set; }

    /// <summary>Whether a work found nothing to do, which must not be believed of limits that were read earlier.</summary>
    public bool IsDoubtful { get; set; }

    /// <summary>Whether the line's rows and the limits disagree, since one was read before and one after a change.</summary>
    public bool IsTorn { get; set; }

    public long NowMilliseconds => now.ToUnixTimeMilliseconds();

    public void Book(Booking booking)
    {
        if (booking.At is not null)
            Bookings.Add(booking);
    }

    /// <summary>The slot whose copy comes at that time.</summary>
    public long SlotAt(DateTimeOffset time) => (time + timing.Lead).ToUnixTimeMilliseconds();

    /// <summary>What a message takes from quota and budget; null where it has taken it before: it counts once, on the day of its first attempt.</summary>
    public decimal? CostOf(LedgerEntry entry) =>
        entry.Charge is null ? entry.OpenRecipients.Count * policy.CostPerRecipientUsd : null;

    /// <summary>Whether a message must not be sent at that time any more.</summary>
    public bool IsTooLate(LedgerEntry entry, long at) => entry.ExpiresAt?.ToUnixTimeMilliseconds() <= Math.Max(at, NowMilliseconds);

    /// <summary>It is too late for a message, which stands in no line any more.</summary>
    public void Expire(LedgerEntry before, LedgerEntry entry)
    {
        if (entry.Unspent is { } charge)
            limits.Refund(charge.At.ToUnixTimeMilliseconds(), charge.CostUsd);
        Change(before, Outcomes.Expire(entry, now));
    }

    /// <summary>The tenant's whole budget is too small for a message, which is held.</summary>
    public void HoldBeyondBudget(LedgerEntry before, LedgerEntry entry)
    {
        Limited.Add((entry, LimitNames.MonthlyBudget));
        Change(before, Outcomes.Hold(entry, LimitNames.MonthlyBudget, now));
    }

    /// <summary>Writes a message's row, and its index rows.</summary>
    public LedgerEntry Change(LedgerEntry before, LedgerEntry after)
    {
        Written.Add(before.Id);
        after = after with { WriteId = writeId };
        Writes.AddRange(Ledger.Change(before, after));
        return after;
    }

    /// <summary>Claims a message that may be sent at <paramref name="at"/>.</summary>
    public Turn Claim(LedgerEntry before, LedgerEntry entry, long at)
    {
        var cost = CostOf(entry);
        var notBefore = DateTimeOffset.FromUnixTimeMilliseconds(at);
        var start = notBefore > now ? notBefore : now;
        // A slot of the next day may be taken a little before midnight: its marks are that day's.
        Marks.AddRange(limits.Send(at, cost, entry.Priority).Select(mark => (mark.Limit, mark.Percent, start)));
        var claimed = claims.Claim(entry, start) with { Charge = cost is { } usd ? new Charge(start, usd) : entry.Charge };
        return new Turn(TurnKind.Claimed, Change(before, claimed), start, HasSlot: true) { Plan = limits.Plan };
    }

    /// <summary>Lets a message stand in line.</summary>
    /// <param name="before">Its row as it was read.</param>
    /// <param name="entry">The same with what was found out since.</param>
    /// <param name="fullUntil">Until when there is no place at its provider; null: that is not the reason.</param>
    public void Wait(LedgerEntry before, LedgerEntry entry, DateTimeOffset? fullUntil)
    {
        var cost = CostOf(entry);
        var limit = fullUntil is null ? limits.Earliest(NowMilliseconds, cost).Limit : LimitNames.Provider;
        Book(limits.Join(entry.Priority, fullUntil is { } until ? SlotAt(until) : NowMilliseconds, cost));
        if (fullUntil is not null)
            limits.LineLimit = LimitNames.Provider;
        limit = limits.IsSuspended ? null : limit ?? limits.LineLimit;
        if (limit is not null and not LimitNames.Provider)
            Limited.Add((entry, limit));
        var waiting = entry with
        {
            Status = MessageStatus.Deferred,
            Reason = limits.IsSuspended ? Outcomes.SuspendedReason : limit == LimitNames.Provider ? Outcomes.ProviderReason : Outcomes.LimitReason,
            Limit = limit,
            IsWaiting = true,
            DueAt = limits.IsSuspended ? null : DateTimeOffset.FromUnixTimeMilliseconds(limits.SlotOf(limits.InLine - 1, NowMilliseconds)),
            // The line is watched as a whole; only that it may become too late for it is its own.
            SweepAt = entry.ExpiresAt,
            ClaimedBy = null,
            ClaimedUntil = null,
        };
        Change(before, waiting.WithHistory(new HistoryEntry(MessageStatus.Deferred.Name(), now)
        {
            Attempt = entry.Attempts == 0 ? null : entry.Attempts,
            Limit = limit == LimitNames.Provider ? null : limit,
            NextAttemptAt = waiting.DueAt,
        }));
    }
}

/// <summary>One change of a tenant's limits, with the rows that go with it, in a batch that others may share.</summary>
internal abstract class LaneWork
{
    /// <summary>Rows that it may write.</summary>
    public virtual int MaxWrites => 5;

    /// <summary>Whether it sends whoever is first in line.</summary>
    public virtual bool TakesFromLine => false;

    /// <summary>The message whose row it was made for; null where it takes one from the line.</summary>
    public virtual MessageId? Row => null;

    /// <summary>A message whose row it writes, by which an unclear write is settled; null where it writes none.</summary>
    public virtual MessageId? Witness => Row;

    /// <summary>Index of its first write in the batch, beyond the limits' own.</summary>
    public int FirstWrite { get; set; }

    /// <summary>Index after its last write.</summary>
    public int EndWrite { get; set; }

    /// <summary>Decides, changes the limits and adds its writes. It may be called again when the batch was refused.</summary>
    public abstract void Apply(LaneBatch batch);

    /// <summary>Its writes took place; <paramref name="etag"/> is that of its first row, or null.</summary>
    public abstract void Complete(string? etag);

    /// <summary>A row of its own was not as it had been read.</summary>
    public abstract void Refuse();

    public abstract void Fail(Exception exception);
}

/// <summary>A work with an answer.</summary>
internal abstract class LaneWork<T> : LaneWork
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => _answer.Task;

    public override void Fail(Exception exception) => _answer.TrySetException(exception);

    protected void SetAnswer(T answer) => _answer.TrySetResult(answer);
}
