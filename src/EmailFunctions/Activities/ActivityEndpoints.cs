using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Activities;

/// <summary>The routes that show who did what: an admin's over all tenants, and a tenant's own. None changes or removes a row.</summary>
internal static class ActivityEndpoints
{
    private const int MaxActor = 300;

    public static void MapActivity(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/email/activity", ListAsync).WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin).WithName("ListActivity")
            .WithSummary("What was done to tenants and the service, and by whom, newest first").ProducesProblems(400, 403);
        routes.MapGet("/email/configs/{tenant_id}/activity", ListOfTenantAsync).WithTags(ApiTags.EmailConfiguration).Needs(Scopes.Admin).WithName("ListTenantActivity")
            .WithSummary("What was done to a tenant, and by whom, newest first").ProducesProblems(400, 403);
    }

    private static Task<Ok<ActivityList>> ListAsync(
        string? tenant_id, string? actor, string? action, string? start_date, string? end_date, string? cursor, string? limit, ActivityReader reader, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        TenantId? tenant = null;
        if (tenant_id is not null && !TenantId.TryParse(tenant_id, out tenant))
            errors.Add("tenant_id", TenantId.Requirement);
        return ReadAsync(tenant, actor, action, start_date, end_date, cursor, limit, errors, reader, since: null, cancellationToken);
    }

    private static async Task<Ok<ActivityList>> ListOfTenantAsync(
        string tenant_id, string? actor, string? action, string? start_date, string? end_date, string? cursor, string? limit, Caller caller, ActivityReader reader, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        // What was done to another tenant that had the name before is not this one's.
        var since = caller.IsAdmin ? null : await reader.FindErasureAsync(tenant, cancellationToken);
        return await ReadAsync(tenant, actor, action, start_date, end_date, cursor, limit, new FieldErrors(), reader, since, cancellationToken);
    }

    private static async Task<Ok<ActivityList>> ReadAsync(
        TenantId? tenant, string? actor, string? action, string? startText, string? endText, string? cursor, string? limitText, FieldErrors errors, ActivityReader reader,
        DateTimeOffset? since, CancellationToken cancellationToken)
    {
        // A day as the end means that whole day.
        var (start, end) = (QueryTime.Read("start_date", startText, TimeSpan.Zero, errors), QueryTime.Read("end_date", endText, TimeSpan.FromDays(1), errors));
        if (start >= end)
            errors.Add("start_date", "must be before end_date");
        var limit = PageLimit.Read(limitText, errors);
        if (actor?.Length is 0 or > MaxActor)
            errors.Add("actor", FormattableString.Invariant($"must have 1 to {MaxActor} characters"));
        if (action is not null && !AdminActions.All.Contains(action))
            errors.Add("action", "must be one of " + string.Join(", ", AdminActions.All));
        if (cursor is not null && (cursor.Length is 0 or > 40 || !cursor.All(static c => char.IsAsciiHexDigitLower(c) || c == '-')))
            errors.Add("cursor", "must be the next_cursor of an answer");
        if (errors.Any)
            throw Problem.Invalid(errors);
        var first = since > (start ?? DateTimeOffset.MinValue) ? since : start;
        var (rows, next) = await reader.ReadAsync(new ActivityFilter(tenant, actor, action, first, end, cursor, limit), cancellationToken);
        return TypedResults.Ok(new ActivityList([.. rows.Select(ActivityEntry.Of)], next, next is not null, limit));
    }
}
