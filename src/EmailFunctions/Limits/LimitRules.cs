namespace EmailFunctions.Limits;

/// <summary>A tenant's limits. They count messages, but for the budget, which counts what recipients cost. 0: no such limit.</summary>
/// <param name="PerMinute">Messages in any 60 seconds.</param>
/// <param name="PerHour">Messages in any 3,600 seconds.</param>
/// <param name="DailyQuota">Messages in a UTC day.</param>
/// <param name="MonthlyBudgetUsd">USD in a UTC month.</param>
public sealed record LimitRules(int PerMinute, int PerHour, int DailyQuota, decimal MonthlyBudgetUsd)
{
    public static LimitRules None { get; } = new(0, 0, 0, 0);

    public bool HasAny => this != None;
}

/// <summary>The names of limits on the wire, in metrics and in rows.</summary>
public static class LimitNames
{
    public const string PerMinute = "per_minute";
    public const string PerHour = "per_hour";
    public const string DailyQuota = "daily_quota";
    public const string MonthlyBudget = "monthly_budget";

    /// <summary>Not a limit of the tenant's own: its provider asked for a break, or gets one.</summary>
    public const string Provider = "provider";
}

/// <summary>How far clocks and the way from the store to the provider are trusted.</summary>
/// <param name="Grace">Longest time from the instant that a slot names to the provider's call; a message that is later takes another slot.</param>
/// <param name="ClockDifference">How far the clocks of two processes may be apart.</param>
/// <param name="Lead">How long before its slot a copy is to come; it waits in the process for the rest.</param>
public sealed record SlotTiming(TimeSpan Grace, TimeSpan ClockDifference, TimeSpan Lead)
{
    /// <summary>A copy that is this much early waits in the process; an earlier one is not meant for the next slot.</summary>
    public static readonly TimeSpan Early = TimeSpan.FromSeconds(5);

    /// <summary>How far ahead copies are put on the queue.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromHours(1);

    /// <summary>For one process, which has one clock.</summary>
    public static SlotTiming OneProcess { get; } = new(TimeSpan.FromMilliseconds(750), TimeSpan.Zero, TimeSpan.FromMilliseconds(50));

    /// <summary>For many, whose clocks are at most a second off either way.</summary>
    public static SlotTiming ManyProcesses { get; } = new(TimeSpan.FromMilliseconds(750), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

    /// <summary>What a window is widened by, so that no window of true send times holds more than it may.</summary>
    public TimeSpan Widening => Grace + ClockDifference;
}
