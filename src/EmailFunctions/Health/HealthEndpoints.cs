using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Health;

/// <summary>The routes that load balancers and people ask.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder api, IEndpointRouteBuilder root)
    {
        Map(api, "GetHealth");
        Map(root, "GetRootHealth");
    }

    private static void Map(IEndpointRouteBuilder routes, string name) =>
        routes.MapGet("/health", GetAsync).WithTags(ApiTags.Service).WithName(name).AllowAnonymous().DisableRateLimiting()
            .WithSummary("Whether the service lives and is ready; what is not is named")
            .Produces<HealthResponse>().Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable)
            .Produces<ProblemBody>(StatusCodes.Status500InternalServerError, Problem.ContentType);

    private static async Task<JsonHttpResult<HealthResponse>> GetAsync(ServiceHealth health, CancellationToken cancellationToken)
    {
        var response = await health.CheckAsync(cancellationToken);
        return TypedResults.Json(response, HealthJson.Default.HealthResponse, statusCode: response.Ready ? 200 : 503);
    }
}
