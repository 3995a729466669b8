using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Configs;

/// <summary>The routes of tenant configurations.</summary>
internal static class ConfigEndpoints
{
    public static void MapConfigs(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/email/configs/{tenant_id}").WithTags(ApiTags.EmailConfiguration);
        group.MapPost("", PostAsync).Needs(Scopes.Config).WithName("CreateConfig").WithSummary("Create or replace a tenant's configuration")
            .TakesJson<ConfigFields>().ProducesProblems(400, 403, 409, 412, 413, 415);
        group.MapGet("", GetAsync).Needs(Scopes.Read).WithName("GetConfig").WithSummary("Read a tenant's configuration, without its secrets")
            .ProducesProblems(400, 403, 404);
        group.MapPut("", PutAsync).Needs(Scopes.Config).WithName("UpdateConfig").WithSummary("Change some fields; an explicit null clears one")
            .TakesChangeOf<ConfigFields>("ConfigChange").ProducesProblems(400, 403, 404, 412, 413, 415);
        group.MapDelete("", DeleteAsync).Needs(Scopes.Config).WithName("DeleteConfig").WithSummary("Remove a tenant's configuration; the system default sends then")
            .ProducesProblems(400, 403, 404, 412);
        group.MapPost("/test", TestAsync).Needs(Scopes.Config).WithName("TestConfig").WithSummary("Send a test mail at once")
            .TakesJson<ConfigTestRequest>().ProducesProblems(400, 403, 404, 409, 413, 415);
        group.MapGet("/health", HealthAsync).Needs(Scopes.Read).WithName("GetConfigHealth").WithSummary("Probe the tenant's provider without sending")
            .ProducesProblems(400, 403);
    }

    private static async Task<Results<Created<ConfigResponse>, Ok<ConfigResponse>>> PostAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, TenantStates states, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var ifMatch = ConfigETag.IfMatch(context.Request);
        var fields = await RequestBody.ReadAsync(context.Request, ConfigJson.Default.ConfigFields, RequestBody.SmallLimit, cancellationToken);
        var deed = new AdminDeed(caller, AdminActions.ConfigReplace, tenant);
        var (config, isNew) = await audit.RunAsync(
            deed,
            async () =>
            {
                if (await states.ReadAsync(tenant, cancellationToken) is { IsLeaving: true })
                    throw Problem.Conflict(TenantState.Leaving);
                var written = await configs.ReplaceAsync(tenant, fields, ifMatch, caller, cancellationToken);
                deed.Action = written.IsNew ? AdminActions.ConfigCreate : deed.Action;
                deed.Changed = ConfigChanges.Between(written.Config.Replaced, written.Config, fields.Secrets().Keys);
                return written;
            },
            cancellationToken);
        var body = Show(context, config);
        return isNew ? TypedResults.Created(context.Request.Path.Value, body) : TypedResults.Ok(body);
    }

    private static async Task<Ok<ConfigResponse>> GetAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, TenantStates states, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var config = await configs.GetAsync(tenant, cancellationToken);
        return TypedResults.Ok(Show(context, config) with { Suspension = (await states.FindAsync(tenant, TenantStates.Sharp, cancellationToken))?.ToSuspension() });
    }

    private static async Task<Ok<ConfigResponse>> PutAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var ifMatch = ConfigETag.IfMatch(context.Request);
        // The object tells a field that is null from one that is absent; the typed reading finds what is wrong with it.
        var patch = await RequestBody.ReadPatchAsync(context.Request, ConfigJson.Default.ConfigFields, RequestBody.SmallLimit, cancellationToken);
        var deed = new AdminDeed(caller, AdminActions.ConfigChange, tenant);
        var config = await audit.RunAsync(
            deed,
            async () =>
            {
                var written = await configs.ChangeAsync(tenant, patch, ifMatch, caller, cancellationToken);
                deed.Changed = ConfigChanges.Between(written.Replaced, written, ConfigPatch.SecretsIn(patch));
                return written;
            },
            cancellationToken);
        return TypedResults.Ok(Show(context, config));
    }

    private static async Task<NoContent> DeleteAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var ifMatch = ConfigETag.IfMatch(context.Request);
        await audit.RunAsync(new AdminDeed(caller, AdminActions.ConfigDelete, tenant), () => configs.DeleteAsync(tenant, ifMatch, caller, cancellationToken), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ConfigTestResponse>> TestAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigTest test, AdminAudit audit, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var request = await RequestBody.ReadAsync(context.Request, ConfigJson.Default.ConfigTestRequest, RequestBody.SmallLimit, cancellationToken);
        var deed = new AdminDeed(caller, AdminActions.ConfigTest, tenant);
        return TypedResults.Ok(await audit.RunAsync(
            deed,
            async () =>
            {
                var answer = await test.RunAsync(tenant, request, caller, cancellationToken);
                deed.Target = answer.MessageId;
                deed.Detail = answer.Success ? $"{answer.Provider}, sent" : $"{answer.Provider}, not sent: {answer.ErrorCode}";
                return answer;
            },
            cancellationToken));
    }

    private static async Task<Ok<ConfigHealthResponse>> HealthAsync(
        string tenant_id, Caller caller, ConfigHealth health, CancellationToken cancellationToken) =>
        TypedResults.Ok(await health.CheckAsync(caller.Require(tenant_id), cancellationToken));

    private static ConfigResponse Show(HttpContext context, TenantConfig config)
    {
        context.Response.Headers.ETag = ConfigETag.Of(config);
        return ConfigResponse.Of(config);
    }
}
