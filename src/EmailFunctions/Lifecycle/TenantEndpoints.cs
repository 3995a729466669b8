using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Lifecycle;

/// <summary>The admin's routes that stop a tenant, let it go again, take along what it has, and delete it.</summary>
internal static class TenantEndpoints
{
    private const int MaxReason = 500;

    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/admin/email/tenants").WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin);
        group.MapGet("", ListAsync).WithName("ListTenantStates").WithSummary("The tenants that are suspended or leave").ProducesProblems(403);
        group.MapGet("/{tenant_id}", GetAsync).WithName("GetTenantState").WithSummary("Whether a tenant is at work, suspended, or leaves, and how far that has come").ProducesProblems(400, 403);
        group.MapPost("/{tenant_id}/suspend", SuspendAsync).WithName("SuspendTenant").WithSummary("Stop a tenant at once; its mail waits")
            .TakesJson<SuspendRequest>().ProducesProblems(400, 403, 409, 413, 415);
        group.MapPost("/{tenant_id}/resume", ResumeAsync).WithName("ResumeTenant").WithSummary("Let a suspended tenant go again; what waits is sent in order, within its limits").ProducesProblems(400, 403, 409);
        group.MapGet("/{tenant_id}/export", ExportAsync).WithName("ExportTenant").WithSummary("All that is kept of a tenant but contents and secrets, as JSON lines; cursor goes on behind the cursor of a line")
            .Produces<ExportLine>(StatusCodes.Status200OK, ExportLine.ContentType).ProducesProblems(400, 403);
        group.MapDelete("/{tenant_id}", OffboardAsync).WithName("OffboardTenant").WithSummary("Delete all that a suspended tenant has, in the background").ProducesProblems(400, 403, 409);
    }

    private static async Task<Ok<TenantStatusList>> ListAsync(TenantStates states, TimeProvider time, CancellationToken cancellationToken) =>
        TypedResults.Ok(new TenantStatusList([.. (await states.ListAsync(cancellationToken)).Select(TenantStatus.Of)], time.GetUtcNow()));

    private static async Task<Ok<TenantStatus>> GetAsync(string tenant_id, Caller caller, TenantStates states, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        return TypedResults.Ok(await states.ReadAsync(tenant, cancellationToken) is { } state ? TenantStatus.Of(state) : TenantStatus.Active(tenant));
    }

    private static async Task<Ok<TenantStatus>> SuspendAsync(
        string tenant_id, HttpContext context, Caller caller, Suspender suspender, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var request = await RequestBody.ReadAsync(context.Request, TenantJson.Default.SuspendRequest, RequestBody.SmallLimit, cancellationToken);
        if (request.Reason is not { Length: > 0 and <= MaxReason } reason || reason.Any(char.IsControl) || string.IsNullOrWhiteSpace(reason))
            throw Problem.Invalid("reason", FormattableString.Invariant($"must be 1 to {MaxReason} characters, none of them a control character"));
        var deed = new AdminDeed(caller, AdminActions.TenantSuspend, tenant) { Detail = reason };
        return TypedResults.Ok(TenantStatus.Of(await audit.RunAsync(deed, () => suspender.SuspendAsync(tenant, reason, caller.Name, cancellationToken), cancellationToken)));
    }

    private static async Task<Ok<TenantStatus>> ResumeAsync(string tenant_id, Caller caller, Suspender suspender, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        await audit.RunAsync(new AdminDeed(caller, AdminActions.TenantResume, tenant), () => suspender.ResumeAsync(tenant, cancellationToken), cancellationToken);
        return TypedResults.Ok(TenantStatus.Active(tenant));
    }

    private static async Task ExportAsync(string tenant_id, string? cursor, HttpContext context, Caller caller, TenantExport export, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        if (cursor is not null && !TenantExport.IsCursor(cursor))
            throw Problem.Invalid("cursor", "must be the cursor of a line");
        await audit.RunAsync(new AdminDeed(caller, AdminActions.TenantExport, tenant), () => export.WriteAsync(tenant, cursor, context.Response, cancellationToken), cancellationToken);
    }

    private static async Task<Accepted<TenantStatus>> OffboardAsync(
        string tenant_id, HttpContext context, Caller caller, Offboarding offboarding, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var state = await audit.RunAsync(new AdminDeed(caller, AdminActions.TenantOffboard, tenant), () => offboarding.BeginAsync(tenant, cancellationToken), cancellationToken);
        return TypedResults.Accepted(context.Request.Path.Value, TenantStatus.Of(state));
    }
}
