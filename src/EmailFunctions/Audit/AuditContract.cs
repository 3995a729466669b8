using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using EmailFunctions.Wire;

namespace EmailFunctions.Audit;

public sealed record AuditLog(
    string Id,
    string TenantId,
    [property: Description("Keyed by the tenant, in hexadecimal; erased: the recipient was erased.")] string RecipientHash,
    string? TemplateName,
    [property: Description("sent, failed or dead_lettered.")] string Status,
    string Provider,
    string MessageId,
    [property: Description("auth, network, timeout, recipient, content, quota, rate_limited, config, provider_unavailable or unexpected.")] string? ErrorCategory,
    string? TraceId,
    DateTimeOffset CreatedAt)
{
    public static AuditLog Of(AuditRow row) => new(
        row.Id, row.Tenant.Value, row.RecipientHash, row.TemplateName, row.Status, row.Provider, row.MessageId, row.ErrorCategory, row.TraceId, row.CreatedAt);
}

public sealed record AuditLogs(IReadOnlyList<AuditLog> Logs, string? NextCursor, bool HasMore, int Limit);

/// <summary>All recipients were erased.</summary>
public sealed record RecipientsErased(
    string TenantId,
    [property: Description("Whose rows are from before this time can't be told any more.")] DateTimeOffset ErasedAt,
    [property: Description("Until this time another instance may still write rows with the old key.")] DateTimeOffset EverywhereAt);

/// <summary>Whom to erase.</summary>
public sealed record EraseRequest
{
    [Description("The recipient's address.")]
    [Length(3, 254)]
    public string? Recipient { get; init; }

    [Description("true: mail to the recipient that still waits is cancelled, for all its recipients. Default: it goes on.")]
    public bool? CancelWaiting { get; init; }
}

/// <summary>A recipient will be erased.</summary>
public sealed record ErasureAccepted(string TenantId, [property: Description("accepted: it is carried out in the background, within minutes.")] string Status, DateTimeOffset RequestedAt);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(AuditLogs))]
[JsonSerializable(typeof(RecipientsErased))]
[JsonSerializable(typeof(EraseRequest))]
[JsonSerializable(typeof(ErasureAccepted))]
internal sealed partial class AuditJson : JsonSerializerContext;
