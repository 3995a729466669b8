using System.ComponentModel;
using System.Text.Json.Serialization;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using EmailFunctions.Validation;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Audit;

public sealed record AuditLog(
    string Id,
    string TenantId,
    string RecipientHash,
    string? TemplateName,
    [property: Description("sent, failed or dead_lettered.")] string Status,
    string Provider,
    string MessageId,
    [property: Description("auth, network, timeout, recipient, content, quota, rate_limited, config, provider_unavailable or unexpected.")] string? ErrorCategory,
    string? TraceId,
    DateTimeOffset CreatedAt);

public sealed record AuditLogs(IReadOnlyList<AuditLog> Logs, string? NextCursor, bool HasMore, int Limit);

/// <summary>The route that shows what became of a tenant's mail, recipient by recipient.</summary>
internal static class AuditEndpoints
{
    private static readonly string[] Statuses = ["sent", "failed", "dead_lettered"];

    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/email/configs/{tenant_id}/audit-logs", GetAsync).WithTags(ApiTags.EmailConfiguration).WithName("GetAuditLogs")
            .WithSummary("What became of a tenant's mail, by recipient, newest first").ProducesProblems(400, 403);

    private static async Task<Ok<AuditLogs>> GetAsync(
        string tenant_id, string? cursor, string? limit, string? status, string? recipient, Caller caller, AuditReader audit, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        var filter = ReadFilter(cursor, limit, status, recipient);
        var page = await audit.ReadAsync(tenant, filter, cancellationToken);
        return TypedResults.Ok(new AuditLogs([.. page.Rows.Select(Show)], page.NextCursor, page.NextCursor is not null, filter.Limit));
    }

    private static AuditFilter ReadFilter(string? cursor, string? limitText, string? status, string? recipient)
    {
        var errors = new FieldErrors();
        var limit = PageLimit.Read(limitText, errors);
        if (status is not null && !Statuses.Contains(status))
            errors.Add("status", "must be " + string.Join(", ", Statuses));
        if (recipient is not null && !EmailAddress.IsValid(recipient))
            errors.Add("recipient", EmailAddress.Requirement);
        if (cursor is not null && (cursor.Length is 0 or > 80 || !cursor.All(static c => char.IsAsciiHexDigitLower(c) || c == '-')))
            errors.Add("cursor", "must be the next_cursor of an answer");
        return errors.Any ? throw Problem.Invalid(errors) : new AuditFilter(cursor, limit, status, recipient);
    }

    private static AuditLog Show(AuditRow row) => new(
        row.Id, row.Tenant.Value, row.RecipientHash, row.TemplateName, row.Status, row.Provider, row.MessageId, row.ErrorCategory, row.TraceId, row.CreatedAt);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(AuditLogs))]
internal sealed partial class AuditJson : JsonSerializerContext;
