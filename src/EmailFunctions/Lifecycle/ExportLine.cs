using System.ComponentModel;
using System.Text.Json.Serialization;
using EmailFunctions.Activities;
using EmailFunctions.ApiKeys;
using EmailFunctions.Audit;
using EmailFunctions.Configs;
using EmailFunctions.Tracking;
using EmailFunctions.Usage;
using EmailFunctions.Wire;

namespace EmailFunctions.Lifecycle;

/// <summary>A line of a tenant's export: its kind, and under the name of the kind what it is.</summary>
internal sealed record ExportLine([property: Description("config, api_key, activity, audit, message, usage_day or usage.")] string Kind)
{
    /// <summary>One JSON value on each line; there is no registered type for it, and this is what tools use.</summary>
    public const string ContentType = AuditExport.ContentType;

    [Description("Where another request goes on behind this line; absent on the first lines, which come all anew.")]
    public string? Cursor { get; init; }

    public ConfigResponse? Config { get; init; }

    public ApiKeyShown? ApiKey { get; init; }

    public ActivityEntry? Activity { get; init; }

    public AuditLog? Audit { get; init; }

    public MessageView? Message { get; init; }

    public ExportedDay? UsageDay { get; init; }

    public ExportedUsage? Usage { get; init; }
}

/// <summary>What a message added to its tenant's usage.</summary>
internal sealed record ExportedUsage(
    DateTimeOffset At, string Provider, bool Success, [property: Description("Recipients that the provider took.")] int Recipients, decimal CostUsd, double DurationMs, bool WasLimited)
{
    public static ExportedUsage Of(UsageRow row) => new(row.At, row.Provider, row.Success, row.Recipients, row.CostUsd, row.Duration.TotalMilliseconds, row.WasLimited);
}

/// <summary>A tenant's usage of a UTC day.</summary>
internal sealed record ExportedDay(DateTimeOffset Day, IReadOnlyList<ExportedSums> Sums)
{
    public static ExportedDay Of(UsageDay day) => new(
        day.Day,
        [.. from hour in day.Hours()
            from pair in hour.Usage.Providers
            select new ExportedSums(hour.Start, pair.Key, pair.Value.Emails, pair.Value.Successes, pair.Value.Recipients, pair.Value.Cost, pair.Value.Limited)]);
}

/// <summary>What an hour's usage of a provider adds up to.</summary>
internal sealed record ExportedSums(DateTimeOffset HourStart, string Provider, long TotalEmails, long SuccessfulEmails, long TotalRecipients, decimal TotalCostUsd, long RateLimitHits);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(ExportLine))]
internal sealed partial class ExportJson : JsonSerializerContext;
