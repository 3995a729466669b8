using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
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
            .TakesJson<ConfigFields>().ProducesProblems(400, 403, 412, 413, 415);
        group.MapGet("", GetAsync).Needs(Scopes.Read).WithName("GetConfig").WithSummary("Read a tenant's configuration, without its secrets")
            .ProducesProblems(400, 403, 404);
        group.MapPut("", PutAsync).Needs(Scopes.Config).WithName("UpdateConfig").WithSummary("Change some fields; an explicit null clears one")
            .TakesChangeOf<ConfigFields>("ConfigChange").ProducesProblems(400, 403, 404, 412, 413, 415);
        group.MapDelete("", DeleteAsync).Needs(Scopes.Config).WithName("DeleteConfig").WithSummary("Remove a tenant's configuration; the system default sends then")
            .ProducesProblems(400, 403, 404, 412);
        group.MapPost("/test", TestAsync).Needs(Scopes.Config).WithName("TestConfig").WithSummary("Send a test mail at once")
            .TakesJson<ConfigTestRequest>().ProducesProblems(400, 403, 404, 413, 415);
        group.MapGet("/health", HealthAsync).Needs(Scopes.Read).WithName("GetConfigHealth").WithSummary("Probe the tenant's provider without sending")
            .ProducesProblems(400, 403);
    }

    private static async Task<Results<Created<ConfigResponse>, Ok<ConfigResponse>>> PostAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var ifMatch = ConfigETag.IfMatch(context.Request);
        var fields = await RequestBody.ReadAsync(context.Request, ConfigJson.Default.ConfigFields, RequestBody.SmallLimit, cancellationToken);
        var (config, isNew) = await configs.ReplaceAsync(tenant, fields, ifMatch, caller, cancellationToken);
        var body = Show(context, config);
        return isNew ? TypedResults.Created(context.Request.Path.Value, body) : TypedResults.Ok(body);
    }

    private static async Task<Ok<ConfigResponse>> GetAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, CancellationToken cancellationToken) =>
        TypedResults.Ok(Show(context, await configs.GetAsync(caller.RequireConfigurable(tenant_id), cancellationToken)));

    private static async Task<Ok<ConfigResponse>> PutAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var ifMatch = ConfigETag.IfMatch(context.Request);
        // The object tells a field that is null from one that is absent; the typed reading finds what is wrong with it.
        var patch = await RequestBody.ReadPatchAsync(context.Request, ConfigJson.Default.ConfigFields, RequestBody.SmallLimit, cancellationToken);
        return TypedResults.Ok(Show(context, await configs.ChangeAsync(tenant, patch, ifMatch, caller, cancellationToken)));
    }

    private static async Task<NoContent> DeleteAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigService configs, CancellationToken cancellationToken)
    {
        await configs.DeleteAsync(caller.RequireConfigurable(tenant_id), ConfigETag.IfMatch(context.Request), caller, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ConfigTestResponse>> TestAsync(
        string tenant_id, HttpContext context, Caller caller, ConfigTest test, CancellationToken cancellationToken)
    {
        var tenant = caller.RequireConfigurable(tenant_id);
        var request = await RequestBody.ReadAsync(context.Request, ConfigJson.Default.ConfigTestRequest, RequestBody.SmallLimit, cancellationToken);
        return TypedResults.Ok(await test.RunAsync(tenant, request, caller, cancellationToken));
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
