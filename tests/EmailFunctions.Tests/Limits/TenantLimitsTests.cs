using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Limits;

/// <summary>What a tenant's limits say by themselves, without store, queue or clock.</summary>
public sealed class TenantLimitsTests
{
    // 2026-11-24 12:00 UTC.
    private const long Noon = 1_795_521_600_000;
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    private static readonly SlotTiming Exact = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    [Fact]
    public void As_many_as_the_limit_go_at_once_and_the_next_a_window_later()
    {
        var limits = Limits(perMinute: 3);

        Assert.Equal([0, 0, 0, Minute, Minute, Minute, 2 * Minute], SendAll(limits, 7));
    }

    [Fact]
    public void A_slot_that_is_given_back_is_free_for_the_next()
    {
        var limits = Limits(perMinute: 3);
        Assert.Equal([0, 0, 0], SendAll(limits, 3));

        limits.GiveBack(Noon);

        Assert.Equal((Noon + 1_000, null), limits.Earliest(Noon + 1_000, 0));
        limits.GiveBack(Noon - 1);
        limits.Send(Noon + 1_000, 0, MessagePriority.Normal);
        Assert.Equal(Noon + Minute, limits.Earliest(Noon + 1_000, 0).Time);
    }

    [Fact]
    public void The_window_is_wider_by_what_clocks_and_the_way_may_take()
    {
        var limits = new TenantLimits(SlotTiming.ManyProcesses, new LimitRules(1, 0, 0, 0));

        Assert.Equal([0, 62_750], SendAll(limits, 2));
    }

    [Fact]
    public void The_stricter_of_two_limits_decides_and_is_named()
    {
        var limits = Limits(perMinute: 2, perHour: 3);

        Assert.Equal([0, 0, Minute, Hour], SendAll(limits, 4));
        Assert.Equal(LimitNames.PerHour, limits.Earliest(Noon + Hour - 1, 0).Limit);
    }

    [Fact]
    public void A_line_whose_first_finds_the_budget_too_short_waits_for_it_whatever_those_behind_meet()
    {
        var limits = new TenantLimits(Exact, new LimitRules(1, 0, 0, 10));
        Assert.Null(limits.WaitsFor(Noon));
        limits.Send(Noon, 9.9m, MessagePriority.Normal);
        limits.Join(MessagePriority.Normal, Noon, 0);
        Assert.Equal(LimitNames.PerMinute, limits.WaitsFor(Noon));

        // Its slot finds out what it costs.
        var (next, _) = limits.Earliest(Noon + Minute, 0.2m);
        (limits.ShortUntil, limits.LineLimit) = (next, LimitNames.PerMinute);

        Assert.Equal(LimitNames.MonthlyBudget, limits.WaitsFor(Noon + Minute));
        Assert.Equal(LimitNames.PerMinute, limits.WaitsFor(next));
    }

    [Theory]
    [InlineData(513)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public void A_large_limit_takes_a_small_entity_and_wastes_less_than_one_in_a_hundred(int limit)
    {
        var random = new Random(Proof.Seed);
        var limits = Limits(perMinute: limit);
        var sends = new List<long>();
        for (var now = Noon; now < Noon + (5 * Minute); now += random.Next(1, 4))
        {
            // Twice as many come as may go.
            for (var number = 0; number < 2 * limit * 2 / Minute + 1; number++)
            {
                if (limits.Earliest(now, 0).Time > now)
                    continue;
                limits.Send(now, 0, MessagePriority.Normal);
                sends.Add(now);
            }
        }

        var (first, most) = (0, 0);
        for (var last = 0; last < sends.Count; last++)
        {
            while (sends[last] - sends[first] >= Minute)
                first++;
            most = Math.Max(most, last - first + 1);
        }

        Assert.InRange(most, limit * 0.5, limit);
        Assert.InRange(limits.Minute.Runs, 1, 1_536);
        var windows = sends.Where(time => time >= Noon + Minute).GroupBy(static time => (time - Noon) / Minute).Select(static group => group.Count()).ToList();
        Assert.All(windows, count => Assert.True(count >= limit * 0.99, $"Seed {Proof.Seed}: {count} of {limit}"));
    }

    [Fact]
    public void A_lowered_and_raised_limit_remembers_what_was_sent()
    {
        var limits = Limits(perMinute: 100);
        SendAll(limits, 100);
        limits.Replan(new LimitRules(10, 0, 0, 0), Noon + 1_000);
        limits.Replan(new LimitRules(100, 0, 0, 0), Noon + 2_000);

        Assert.Equal(Noon + Minute, limits.Earliest(Noon + 2_000, 0).Time);
    }

    [Fact]
    public void The_quota_holds_until_midnight_and_the_budget_until_the_month_ends()
    {
        var quota = new TenantLimits(Exact, new LimitRules(0, 0, 2, 0));
        var budget = new TenantLimits(Exact, new LimitRules(0, 0, 0, 0.02m));

        Assert.Equal([0, 0, Day / 2, Day / 2, Day / 2 + Day], SendAll(quota, 5));
        Assert.Equal([0, 0, (Day / 2) + (6 * Day)], SendAll(budget, 3, cost: 0.01m));
    }

    [Fact]
    public void Nothing_that_counts_by_days_is_sent_when_clocks_disagree_which_day_it_is()
    {
        var limits = new TenantLimits(SlotTiming.ManyProcesses, new LimitRules(0, 0, 10, 0));
        const long Midnight = Noon + (Day / 2);

        Assert.Equal(Midnight - 7_001, limits.Earliest(Midnight - 7_001, 0).Time);
        Assert.Equal(Midnight + 1_000, limits.Earliest(Midnight - 7_000, 0).Time);
        Assert.Equal(Midnight + 1_000, limits.Earliest(Midnight, 0).Time);
        Assert.Equal(Midnight + 1_000, limits.Earliest(Midnight + 1_000, 0).Time);
    }

    [Fact]
    public void What_was_charged_before_is_not_charged_again()
    {
        var limits = new TenantLimits(Exact, new LimitRules(0, 0, 1, 0));
        SendAll(limits, 1);

        Assert.Equal(Noon, limits.Earliest(Noon, cost: null).Time);
    }

    [Fact]
    public void Slots_are_booked_an_hour_ahead_and_a_wake_up_for_the_rest()
    {
        var limits = Limits(perMinute: 10);
        SendAll(limits, 10);

        var bookings = Enumerable.Range(0, 1_000).Select(_ => limits.Join(MessagePriority.Normal, Noon, 0)).Where(static booking => booking.At is not null).ToList();

        Assert.Equal(600, bookings.Count(static booking => !booking.IsWakeUp));
        Assert.Equal(Noon + Hour, Assert.Single(bookings, static booking => booking.IsWakeUp).At);
        Assert.Equal(1_000, limits.InLine);
    }

    [Fact]
    public void A_place_in_line_has_a_time()
    {
        var limits = Limits(perMinute: 10);
        SendAll(limits, 10);
        for (var number = 0; number < 1_000; number++)
            limits.Join(MessagePriority.Normal, Noon, 0);

        Assert.Equal(Noon + Minute, limits.SlotOf(0, Noon));
        Assert.Equal(Noon + (2 * Minute), limits.SlotOf(10, Noon));
        Assert.Equal(Noon + (100 * Minute), limits.SlotOf(999, Noon), Minute);
    }

    [Fact]
    public void One_slot_in_ten_is_for_those_of_low_priority()
    {
        var limits = Limits(perMinute: 1);
        for (var number = 0; number < 100; number++)
            limits.Join((MessagePriority)(1 + (number % 3)), Noon, 0);
        var low = 0;
        for (var number = 0; number < 30; number++)
        {
            var next = limits.Next ?? MessagePriority.High;
            low += next == MessagePriority.Low ? 1 : 0;
            limits.Send(Noon, 0, next);
        }

        Assert.Equal(3, low);
    }

    [Fact]
    public void A_block_moves_all_that_is_planned_after_it()
    {
        var limits = Limits(perMinute: 10);
        limits.BlockedUntil = Noon + (5 * Minute);

        Assert.Equal((Noon + (5 * Minute), LimitNames.Provider), limits.Earliest(Noon, 0));
    }

    [Fact]
    public void All_of_it_comes_back_from_the_store()
    {
        Assert.True(TenantId.TryParse("acme", out var tenant));
        var limits = new TenantLimits(Exact, new LimitRules(10, 100, 1_000, 12.345678901m)) { BlockedUntil = 7, Plan = 3 };
        SendAll(limits, 10, cost: 0.000000001m);
        for (var number = 0; number < 2_000; number++)
            limits.Join((MessagePriority)(1 + (number % 3)), Noon, 0.5m);

        var write = LimitsRow.ToWrite(tenant, limits, "w", etag: null);
        EntityLimits.Validate([write]);
        var again = LimitsRow.Read(write.Entity, Exact);

        Assert.Equal(LimitsRow.ToWrite(tenant, again, "w", etag: null).Entity.Properties.OrderBy(static pair => pair.Key), write.Entity.Properties.OrderBy(static pair => pair.Key));
        Assert.Equal(limits.Earliest(Noon, 0), again.Earliest(Noon, 0));
    }

    private static TenantLimits Limits(int perMinute = 0, int perHour = 0) => new(Exact, new LimitRules(perMinute, perHour, 0, 0));

    // The times, from noon on, at which so many are sent that all come at noon.
    private static List<long> SendAll(TenantLimits limits, int count, decimal cost = 0)
    {
        var times = new List<long>();
        var time = Noon;
        for (var number = 0; number < count; number++)
        {
            (time, _) = limits.Earliest(time, cost);
            limits.Send(time, cost, MessagePriority.Normal);
            times.Add(time - Noon);
        }

        return times;
    }
}
