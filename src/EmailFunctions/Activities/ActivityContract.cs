using System.ComponentModel;
using System.Text.Json.Serialization;
using EmailFunctions.Wire;

namespace EmailFunctions.Activities;

/// <summary>Who did what.</summary>
public sealed record ActivityEntry(
    string Id,
    [property: Description("When it was begun.")] DateTimeOffset CreatedAt,
    [property: Description("The credential that asked for it: key: and an API key's id, token: and a token's subject, desk without authentication, command, or service.")] string Actor,
    string Action,
    [property: Description("Whom it concerns; null: all tenants.")] string? TenantId,
    [property: Description("What it was done to: the id of an API key or of a message; null: the tenant or the service as a whole.")] string? Target,
    [property: Description("done, refused, failed, or unknown: it is under way, or nobody saw what came of it.")] string Outcome,
    [property: Description("The fields that were changed, by name; values are not kept.")] IReadOnlyList<string> ChangedFields,
    string? Detail,
    string? TraceId)
{
    internal static ActivityEntry Of(ActivityRow row) =>
        new(row.Id, row.CreatedAt, row.Actor, row.Action, row.Tenant?.Value, row.Target, row.Outcome, row.Changed?.Split(' ') ?? [], row.Detail, row.TraceId);
}

public sealed record ActivityList(IReadOnlyList<ActivityEntry> Activities, string? NextCursor, bool HasMore, int Limit);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(ActivityList))]
internal sealed partial class ActivityJson : JsonSerializerContext;
