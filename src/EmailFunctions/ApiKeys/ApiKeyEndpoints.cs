using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.ApiKeys;

/// <summary>The routes of API keys: a tenant's, for its own administrators and the service's; and those for all tenants, for the service's alone.</summary>
internal static class ApiKeyEndpoints
{
    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/email/configs/{tenant_id}/api-keys").WithTags(ApiTags.EmailConfiguration).Needs(Scopes.Admin);
        tenants.MapPost("", static (string tenant_id, HttpContext context, Caller caller, ApiKeyService keys, AdminAudit audit, CancellationToken cancellationToken) =>
                CreateAsync(caller.RequireConfigurable(tenant_id), context, caller, keys, audit, cancellationToken))
            .WithName("CreateApiKey").WithSummary("Make an API key of a tenant; its text is shown this once").TakesJson<ApiKeyRequest>().ProducesProblems(400, 403, 409, 413, 415);
        tenants.MapGet("", static (string tenant_id, Caller caller, ApiKeyService keys, CancellationToken cancellationToken) =>
                ListAsync(caller.RequireConfigurable(tenant_id), keys, cancellationToken))
            .WithName("ListApiKeys").WithSummary("A tenant's API keys, without their texts").ProducesProblems(400, 403);
        tenants.MapDelete("/{key_id}", static (string tenant_id, string key_id, Caller caller, ApiKeyService keys, AdminAudit audit, CancellationToken cancellationToken) =>
                RevokeAsync(caller.RequireConfigurable(tenant_id), key_id, caller, keys, audit, cancellationToken))
            .WithName("RevokeApiKey").WithSummary("End a tenant's API key; within ten seconds it is good nowhere").ProducesProblems(400, 403, 404);

        var all = routes.MapGroup("/admin/email/api-keys").WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin);
        all.MapPost("", static (HttpContext context, Caller caller, ApiKeyService keys, AdminAudit audit, CancellationToken cancellationToken) =>
                CreateAsync(tenant: null, context, caller, keys, audit, cancellationToken))
            .WithName("CreateAdminKey").WithSummary("Make an API key for all tenants; its text is shown this once").TakesJson<ApiKeyRequest>().ProducesProblems(400, 403, 409, 413, 415);
        all.MapGet("", static (ApiKeyService keys, CancellationToken cancellationToken) => ListAsync(tenant: null, keys, cancellationToken))
            .WithName("ListAdminKeys").WithSummary("The API keys for all tenants, without their texts").ProducesProblems(403);
        all.MapDelete("/{key_id}", static (string key_id, Caller caller, ApiKeyService keys, AdminAudit audit, CancellationToken cancellationToken) =>
                RevokeAsync(tenant: null, key_id, caller, keys, audit, cancellationToken))
            .WithName("RevokeAdminKey").WithSummary("End an API key for all tenants; within ten seconds it is good nowhere").ProducesProblems(403, 404);
    }

    private static async Task<Created<ApiKeyMade>> CreateAsync(TenantId? tenant, HttpContext context, Caller caller, ApiKeyService keys, AdminAudit audit, CancellationToken cancellationToken)
    {
        var request = await RequestBody.ReadAsync(context.Request, ApiKeyJson.Default.ApiKeyRequest, RequestBody.SmallLimit, cancellationToken);
        var deed = new AdminDeed(caller, AdminActions.ApiKeyCreate, tenant);
        var (key, text) = await audit.RunAsync(
            deed,
            async () =>
            {
                var made = await keys.CreateAsync(tenant, request, caller.Name, cancellationToken);
                (deed.Target, deed.Detail) = (made.Key.Id, made.Key.Summary);
                return made;
            },
            cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created(
            $"{context.Request.Path}/{key.Id}", new ApiKeyMade(key.Id, text, tenant?.Value, key.Name, ScopeNames.Of(key.Scopes), key.CreatedAt, key.CreatedBy, key.ExpiresAt));
    }

    private static async Task<Ok<ApiKeyList>> ListAsync(TenantId? tenant, ApiKeyService keys, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ApiKeyList([.. (await keys.ListAsync(tenant, cancellationToken)).Select(ApiKeyShown.Of)]));

    private static async Task<NoContent> RevokeAsync(TenantId? tenant, string id, Caller caller, ApiKeyService keys, AdminAudit audit, CancellationToken cancellationToken)
    {
        var deed = new AdminDeed(caller, AdminActions.ApiKeyRevoke, tenant) { Target = ApiKeyToken.IsId(id) ? id : null };
        await audit.RunAsync(deed, () => keys.RevokeAsync(tenant, id, cancellationToken), cancellationToken);
        return TypedResults.NoContent();
    }
}
