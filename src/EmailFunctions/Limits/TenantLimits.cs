using EmailFunctions.Messages;

namespace EmailFunctions.Limits;

/// <summary>
/// A tenant's limits with all that they depend on: when its last mails were sent, which slots are booked, how many stand in line.
/// It is one entity, changed by conditional write, so what it says holds over all instances. Times are milliseconds of the Unix era.
/// <para>
/// A send at time t is allowed where fewer than N were sent in the window that ends at t. Each window of N + 1 sends would
/// end at one of them, which was not allowed then: so there is none. Bookings play no part in that; they only say when to look.
/// </para>
/// </summary>
internal sealed class TenantLimits
{
    /// <summary>Runs of a window's history, about: a limit of more is counted in groups.</summary>
    private const int Resolution = 512;

    private const int MaxHistoryRuns = 3 * Resolution;
    private const int MaxBookedRuns = 1_000;
    private const int MaxBooked = 6_000;

    // One slot in ten is for those of low priority.
    private const int LowEvery = 10;

    private const long ShortestWake = 1_000;

    private static readonly long Horizon = (long)SlotTiming.Horizon.TotalMilliseconds;

    private readonly long _minuteWindow;
    private readonly long _hourWindow;

    // Around midnight clocks disagree which day it is, so that nothing that counts by days is sent then. It begins before the first
    // process can take a slot of the new day, which is early: from then on the old day's count is gone.
    private readonly long _beforeMidnight;
    private readonly long _afterMidnight;

    public TenantLimits(SlotTiming timing, LimitRules rules)
    {
        // A window is open at one end: the last of it and the first of the next must not be one window's length apart exactly.
        _minuteWindow = (long)(TimeSpan.FromMinutes(1) + timing.Widening).TotalMilliseconds;
        _hourWindow = (long)(TimeSpan.FromHours(1) + timing.Widening).TotalMilliseconds;
        _afterMidnight = (long)(timing.ClockDifference / 2).TotalMilliseconds;
        _beforeMidnight = (long)(SlotTiming.Early + timing.ClockDifference).TotalMilliseconds;
        Rules = rules;
    }

    public LimitRules Rules { get; internal set; }

    /// <summary>The number of the plan: copies on the queue that belong to an earlier one are superseded.</summary>
    public long Plan { get; internal set; }

    public TimedCounts Minute { get; internal init; } = new();

    public TimedCounts Hour { get; internal init; } = new();

    /// <summary>The slots for which a copy is on the queue.</summary>
    public TimedCounts Booked { get; internal init; } = new();

    /// <summary>When the copy comes that books the next slots; null: there is none.</summary>
    public long? WakeAt { get; internal set; }

    /// <summary>Nothing is sent before: the provider asked for it, or is given a break.</summary>
    public long BlockedUntil { get; internal set; }

    /// <summary>Until when the budget leaves too little to whoever is first in line, as a slot found out: no other is booked before.</summary>
    public long ShortUntil { get; internal set; }

    public Consumption Day { get; internal set; }

    public Consumption Month { get; internal set; }

    /// <summary>Plans in a row that were made since copies did not come, without a send in between.</summary>
    public int Mends { get; internal set; }

    /// <summary>Sends since the last one of low priority.</summary>
    public int SinceLow { get; internal set; }

    /// <summary>The limit that the line stands for.</summary>
    public string? LineLimit { get; internal set; }

    /// <summary>Whether the tenant is suspended: who arrives stands in line, and no slot is booked for anybody.</summary>
    public bool IsSuspended { get; internal set; }

    /// <summary>How many stand in line, by priority.</summary>
    public int[] Line { get; internal set; } = new int[3];

    public int InLine => Line[0] + Line[1] + Line[2];

    /// <summary>
    /// The limit that the first in line waits for; null: there is none. Whoever joined last may have met another than the budget, which is too short
    /// for the first alone.
    /// </summary>
    public string? WaitsFor(long now) => InLine == 0 ? null : ShortUntil > now ? LimitNames.MonthlyBudget : LineLimit;

    /// <summary>The earliest time at which a message may be sent, and the limit that decides it; null where it is now.</summary>
    /// <param name="now">Now.</param>
    /// <param name="cost">What it takes from the budget, null where its quota and budget are taken already.</param>
    public (long Time, string? Limit) Earliest(long now, decimal? cost) => Earliest(now, cost, booked: null);

    /// <summary>Whether the message can't be sent in any month.</summary>
    public bool IsBeyondBudget(decimal? cost) => Rules.MonthlyBudgetUsd > 0 && cost > Rules.MonthlyBudgetUsd;

    /// <summary>Writes down a send.</summary>
    /// <param name="time">The instant from which on the provider may be called.</param>
    /// <param name="cost">As in <see cref="Earliest(long, decimal?)"/>.</param>
    /// <param name="priority">The message's.</param>
    /// <returns>The marks of quota and budget that it passes, with their limits' names.</returns>
    public IReadOnlyList<(string Limit, int Percent)> Send(long time, decimal? cost, MessagePriority priority)
    {
        Remember(Minute, Rules.PerMinute, time, _minuteWindow);
        Remember(Hour, Rules.PerHour, time, _hourWindow);
        Mends = 0;
        SinceLow = priority == MessagePriority.Low ? 0 : Math.Min(SinceLow + 1, LowEvery);
        if (cost is not { } usd)
            return [];
        Day = Day.After(Periods.DayOf(time), 1, Rules.DailyQuota, out var daily);
        Month = Month.After(Periods.MonthOf(time), usd, Rules.MonthlyBudgetUsd, out var monthly);
        return [.. daily.Select(static mark => (LimitNames.DailyQuota, mark)), .. monthly.Select(static mark => (LimitNames.MonthlyBudget, mark))];
    }

    /// <summary>Gives back the slot of a send that did not take place.</summary>
    /// <param name="time">As in <see cref="Send"/>.</param>
    public void GiveBack(long time)
    {
        Minute.TryRemove(time);
        Hour.TryRemove(time);
    }

    /// <summary>Gives back what was booked for recipients that were not taken in the end.</summary>
    public void Refund(long bookedAt, decimal usd)
    {
        if (Periods.MonthOf(bookedAt) == Month.Period)
            Month = Month.After(Month.Period, -usd, 0, out _);
    }

    /// <summary>A message joins the line, and a slot is booked for it where that can be done now.</summary>
    public Booking Join(MessagePriority priority, long now, decimal? cost)
    {
        Line[(int)priority - 1]++;
        LineLimit = Earliest(now, cost).Limit ?? LineLimit;
        return Book(now, cost);
    }

    public void Leave(MessagePriority priority)
    {
        Line[(int)priority - 1] = Math.Max(0, Line[(int)priority - 1] - 1);
        if (InLine > 0)
            return;
        // Copies that are still on the queue will find nobody.
        Booked.Clear();
        (WakeAt, ShortUntil, LineLimit) = (null, 0, null);
    }

    /// <summary>
    /// Something was given back, or somebody left, while the line waits for its budget: whoever is first now may have enough. One slot
    /// finds out, and each that is used books the next.
    /// </summary>
    public Booking Retry(long now)
    {
        if (InLine == 0 || LineLimit != LimitNames.MonthlyBudget)
            return Booking.None;
        (WakeAt, ShortUntil) = (null, 0);
        return Book(now, cost: 0);
    }

    /// <summary>Books one slot more if somebody in line has none; where it is too far ahead, or too many are booked, a wake-up.</summary>
    public Booking Book(long now, decimal? cost)
    {
        if (IsSuspended || Booked.Total >= InLine)
            return Booking.None;
        if (WakeAt is not null)
            return Booking.None;
        var (slot, limit) = Earliest(now, cost, Booked);
        LineLimit = limit ?? LineLimit;
        if (slot <= now + Horizon && Booked.Total < MaxBooked && (Booked.Runs < MaxBookedRuns || slot == Booked.Last))
        {
            Booked.Add(slot);
            return new Booking(slot, IsWakeUp: false);
        }

        // Where slots are booked, the next ones follow them without a gap, unless the first in line could not use them.
        WakeAt = Booked.IsEmpty || ShortUntil > now ? slot : Math.Min(Booked.Last, slot);
        // Where as many as may be booked are booked for now, some must be used before there is anything to book.
        WakeAt = Math.Max(WakeAt.Value, now + ShortestWake);
        return new Booking(WakeAt.Value, IsWakeUp: true);
    }

    /// <summary>The slot that would be booked for a message that joins the line now; null: none would be.</summary>
    public long? NextSlot(long now, decimal? cost) =>
        IsSuspended || WakeAt is not null || Booked.Total > InLine ? null : Earliest(now, cost, Booked).Time;

    /// <summary>Books slots for all in line that have none.</summary>
    public List<Booking> BookAll(long now)
    {
        var bookings = new List<Booking>();
        while (Book(now, cost: 0) is { At: not null } booking)
            bookings.Add(booking);
        return bookings;
    }

    /// <summary>A new plan: all slots are booked anew.</summary>
    public List<Booking> Replan(LimitRules rules, long now)
    {
        Rules = rules;
        Plan++;
        Booked.Clear();
        WakeAt = null;
        ShortUntil = 0;
        return BookAll(now);
    }

    /// <summary>Nothing is sent any more: copies that are on the queue belong to a plan that is over.</summary>
    public void Suspend()
    {
        IsSuspended = true;
        Replan(Rules, now: 0);
    }

    /// <summary>The line moves on, from now.</summary>
    public List<Booking> Resume(long now)
    {
        IsSuspended = false;
        return Replan(Rules, now);
    }

    /// <summary>Which part of the line is next; null: whoever is first.</summary>
    public MessagePriority? Next => Line[2] > 0 && SinceLow + 1 >= LowEvery ? MessagePriority.Low : null;

    /// <summary>How many of the next <paramref name="sends"/> are for those of low priority, at most.</summary>
    public int LowTurns(int sends) => Line[2] == 0 ? 0 : Math.Min(Line[2], (SinceLow + sends) / LowEvery);

    /// <summary>About when the one with this position in line is sent, 0 being the first.</summary>
    public long SlotOf(int position, long now)
    {
        if (position < Booked.Total)
            return Booked.TimeAt(position);
        // In groups of a window's size behind the last slot that is booked, by the limit that lets through least.
        var (next, _) = Earliest(now, 0, Booked);
        var beyond = position - Booked.Total;
        var minutes = Rules.PerMinute > 0 ? beyond / Rules.PerMinute * _minuteWindow : 0;
        var hours = Rules.PerHour > 0 ? beyond / Rules.PerHour * _hourWindow : 0;
        return next + Math.Max(minutes, hours);
    }

    private (long Time, string? Limit) Earliest(long now, decimal? cost, TimedCounts? booked)
    {
        var (time, limit) = (now, (string?)null);
        Wait(BlockedUntil, LimitNames.Provider);
        Wait(RoomIn(Minute, booked, Rules.PerMinute, _minuteWindow), LimitNames.PerMinute);
        Wait(RoomIn(Hour, booked, Rules.PerHour, _hourWindow), LimitNames.PerHour);
        // Slots are booked in order.
        if (booked is { IsEmpty: false } && booked.Last > time)
            time = booked.Last;
        if (booked is not null)
            Wait(ShortUntil, LimitNames.MonthlyBudget);
        if (cost is not { } usd)
            return (time, limit);
        if (Rules.DailyQuota > 0 || Rules.MonthlyBudgetUsd > 0)
            Wait(AwayFromMidnight(time), LimitNames.DailyQuota);
        while (Rules.DailyQuota > 0 && TakenOn(Periods.DayOf(time), booked) >= Rules.DailyQuota)
            Wait(Periods.StartOfDay(Periods.DayOf(time) + 1) + _afterMidnight, LimitNames.DailyQuota);
        if (Rules.MonthlyBudgetUsd > 0 && Month.UsedIn(Periods.MonthOf(time)) + usd > Rules.MonthlyBudgetUsd)
            Wait(Periods.StartOfMonth(Periods.MonthOf(time) + 1) + _afterMidnight, LimitNames.MonthlyBudget);
        return (time, limit);

        void Wait(long until, string name)
        {
            if (until > time)
                (time, limit) = (until, name);
        }
    }

    private long AwayFromMidnight(long time)
    {
        var midnight = Periods.StartOfDay(Periods.DayOf(time + _beforeMidnight));
        return time >= midnight - _beforeMidnight && time < midnight + _afterMidnight ? midnight + _afterMidnight : time;
    }

    private decimal TakenOn(long day, TimedCounts? booked) =>
        Day.UsedIn(day) + (booked?.CountFrom(Periods.StartOfDay(day)) ?? 0);

    // When the N-th last of what was sent or booked is out of the window.
    private static long RoomIn(TimedCounts history, TimedCounts? booked, int limit, long window)
    {
        if (limit == 0)
            return long.MinValue;
        var count = limit;
        var rival = booked?.TimeFromEnd(ref count) ?? history.TimeFromEnd(ref count);
        return rival is { } time ? time + window : long.MinValue;
    }

    private static void Remember(TimedCounts history, int limit, long time, long window)
    {
        if (limit == 0)
        {
            history.Clear();
            return;
        }

        history.Add(time, (limit + Resolution - 1) / Resolution);
        // Another process's clock may be behind, and sees more of the past.
        history.ForgetUntil(history.Last - window - (2 * (long)SlotTiming.Early.TotalMilliseconds));
        if (history.Runs > MaxHistoryRuns)
            history.Halve();
    }
}

/// <summary>A copy that is to be put on the queue.</summary>
/// <param name="At">For when; null: none is.</param>
/// <param name="IsWakeUp">Whether it books the next slots, and is none itself.</param>
internal readonly record struct Booking(long? At, bool IsWakeUp)
{
    public static Booking None => default;
}
