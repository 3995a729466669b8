using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Keys;
using EmailFunctions.Problems;
using EmailFunctions.Validation;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Audit;

/// <summary>The routes that show what became of a tenant's mail, recipient by recipient, and that erase recipients.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/email/configs/{tenant_id}/audit-logs").WithTags(ApiTags.EmailConfiguration);
        group.MapGet("", GetAsync).Needs(Scopes.Read).WithName("GetAuditLogs").WithSummary("What became of a tenant's mail, by recipient, newest first").ProducesProblems(400, 403);
        group.MapGet("/export", ExportAsync).Needs(Scopes.Read).WithName("ExportAuditLogs").WithSummary("The same of a whole period, as JSON lines; cursor goes on behind the id of a line")
            .Produces<AuditLog>(StatusCodes.Status200OK, AuditExport.ContentType).ProducesProblems(400, 403);
        group.MapDelete("/recipients", EraseAllAsync).Needs(Scopes.Config).WithName("EraseRecipients").WithSummary("Erase all of a tenant's recipients: the key of their hashes, and contents of mail that is held or dead").ProducesProblems(400, 403);
        group.MapPost("/recipients/erase", EraseAsync).Needs(Scopes.Config).WithName("EraseRecipient").WithSummary("Erase one recipient from a tenant's audit rows, and mail to them that is held or dead")
            .TakesJson<EraseRequest>().ProducesProblems(400, 403, 413, 415);
    }

    private static async Task<Ok<AuditLogs>> GetAsync(
        string tenant_id, string? start_date, string? end_date, string? status, string? provider, string? template_name, string? recipient, string? cursor, string? limit,
        Caller caller, AuditReader audit, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        var filter = AuditQuestions.Read(start_date, end_date, status, provider, template_name, recipient, cursor, limit);
        var page = await audit.ReadAsync(tenant, filter, cancellationToken);
        return TypedResults.Ok(new AuditLogs([.. page.Rows.Select(AuditLog.Of)], page.NextCursor, page.NextCursor is not null, filter.Limit));
    }

    private static Task ExportAsync(
        string tenant_id, string? start_date, string? end_date, string? status, string? provider, string? template_name, string? recipient, string? cursor,
        HttpContext context, Caller caller, AuditReader audit, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        var filter = AuditQuestions.Read(start_date, end_date, status, provider, template_name, recipient, cursor, limitText: null);
        return AuditExport.WriteAsync(context.Response, audit.ReadAllAsync(tenant, filter, cancellationToken), cancellationToken);
    }

    private static async Task<Accepted<RecipientsErased>> EraseAllAsync(
        string tenant_id, string? cancel_waiting, Caller caller, RecipientHasher hasher, AuditErasures erasures, AdminAudit admin, TimeProvider time, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        var cancelsWaiting = AuditQuestions.ReadCancelWaiting(cancel_waiting);
        await admin.RunAsync(
            new AdminDeed(caller, AdminActions.RecipientsErase, tenant),
            async () =>
            {
                await hasher.DropAsync(tenant, cancellationToken);
                await erasures.RequestAllAsync(tenant, cancelsWaiting, cancellationToken);
            },
            cancellationToken);
        var now = time.GetUtcNow();
        return TypedResults.Accepted((string?)null, new RecipientsErased(tenant.Value, now, now + RecipientHasher.KeyLifetime));
    }

    // The address in the body: those of paths and queries are in the logs of whatever stands before the service.
    private static async Task<Accepted<ErasureAccepted>> EraseAsync(
        string tenant_id, HttpContext context, Caller caller, AuditErasures erasures, AdminAudit admin, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        var request = await RequestBody.ReadAsync(context.Request, AuditJson.Default.EraseRequest, RequestBody.SmallLimit, cancellationToken);
        if (request.Recipient is not { } recipient || !EmailAddress.IsValid(recipient))
            throw Problem.Invalid("recipient", EmailAddress.Requirement);
        var at = await admin.RunAsync(
            new AdminDeed(caller, AdminActions.RecipientErase, tenant),
            () => erasures.RequestAsync(tenant, recipient, request.CancelWaiting ?? false, cancellationToken),
            cancellationToken);
        return TypedResults.Accepted((string?)null, new ErasureAccepted(tenant.Value, "accepted", at));
    }
}
