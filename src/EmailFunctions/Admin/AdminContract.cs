using System.ComponentModel;
using System.Text.Json.Serialization;
using EmailFunctions.Configs;
using EmailFunctions.Wire;

namespace EmailFunctions.Admin;

/// <summary>What the probes of all active configurations found.</summary>
public sealed record FleetHealthReport(
    [property: Description("Whether all were checked and all are healthy.")] bool OverallHealthy,
    int HealthyCount,
    [property: Description("Providers that were checked; a configuration with a fallback has more than one.")] int TotalChecks,
    [property: Description("0 to 100, of those that were checked.")] double HealthPercentage,
    IReadOnlyList<ProviderCheck> Checks,
    [property: Description("Active configurations.")] int TotalConfigs,
    [property: Description("Whether the time was over before all were checked; ask again, since what was found is kept for 30 seconds.")] bool Partial,
    [property: Description("Active configurations that were not checked in time.")] int NotChecked,
    DateTimeOffset Timestamp);

/// <summary>How many tenants send through which provider.</summary>
public sealed record ProviderDistribution(
    [property: Description("Tenants that have a configuration, active or not.")] int TotalConfiguredTenants,
    IReadOnlyList<ProviderShare> Distribution,
    [property: Description("0 to 100, by provider.")] IReadOnlyDictionary<string, double> Percentages);

public sealed record ProviderShare(string Provider, int TenantCount);

public sealed record ConfigList(IReadOnlyList<ConfigResponse> Configs, string? NextCursor, bool HasMore, int Limit);

/// <summary>What became of cached configurations.</summary>
public sealed record CacheInvalidation(
    [property: Description("Whose configuration is out of the cache; null: all are.")] string? TenantId,
    [property: Description("instance: the one that answers.")] string Scope,
    [property: Description("Every other instance reads configurations again within so many seconds by itself.")] int OtherInstancesWithinSeconds);

/// <summary>The providers that this instance leaves alone.</summary>
public sealed record BreakerList(IReadOnlyList<Breaker> Breakers, [property: Description("Whether there are more than are shown.")] bool HasMore, DateTimeOffset Timestamp);

public sealed record Breaker(
    string TenantId,
    string Provider,
    [property: Description("0: the tenant's first provider; 1 and more: its fallbacks.")] int Place,
    [property: Description("open: it failed again and again; half_open: one message is finding out whether it is back; paused: it asked for a break.")] string State,
    [property: Description("Until when it is left alone; null: the next message finds out whether it is back.")] DateTimeOffset? Until);

/// <summary>What waits on queues, and what nothing more will happen to by itself.</summary>
public sealed record QueueOverview(IReadOnlyList<QueueState> Queues, DeadLetterTotal DeadLetters, DateTimeOffset Timestamp);

public sealed record QueueState(
    string QueueName,
    [property: Description("Messages on it, scheduled ones and those in somebody's hands included; null: not known.")] long? Messages,
    [property: Description("false: an estimate, which is not below the number.")] bool Exact,
    [property: Description("Why the number is not known; else null.")] string? UnknownBecause);

public sealed record DeadLetterTotal(
    [property: Description("Counted within the last 30 seconds.")] int Count,
    [property: Description("false: there are more than were counted.")] bool Complete);

public sealed record BudgetList(IReadOnlyList<TenantBudget> Budgets, string? NextCursor, bool HasMore, int Limit, DateTimeOffset Timestamp);

/// <summary>What a tenant has used of its quota and budget.</summary>
public sealed record TenantBudget(
    string TenantId,
    [property: Description("Messages of this UTC day; null: no quota.")] BudgetState? DailyQuota,
    [property: Description("USD of this UTC month; null: no budget.")] BudgetState? MonthlyBudgetUsd,
    [property: Description("Messages that wait for one of the tenant's limits.")] int InLine,
    [property: Description("The limit that they wait for: per_minute, per_hour, daily_quota, monthly_budget or provider; null: none waits.")] string? WaitsFor);

public sealed record BudgetState(decimal Used, decimal Limit, [property: Description("Of the limit; over 100 where it was lowered.")] double Percent);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(FleetHealthReport))]
[JsonSerializable(typeof(ProviderDistribution))]
[JsonSerializable(typeof(ConfigList))]
[JsonSerializable(typeof(CacheInvalidation))]
[JsonSerializable(typeof(BreakerList))]
[JsonSerializable(typeof(QueueOverview))]
[JsonSerializable(typeof(BudgetList))]
internal sealed partial class AdminJson : JsonSerializerContext;
