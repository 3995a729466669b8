using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>One method of one route, with what the served document says about it.</summary>
/// <param name="Method">In capitals.</param>
/// <param name="Pattern">The route, with a slash before it.</param>
/// <param name="Example">A valid body; null: it takes none.</param>
/// <param name="Queries">The names of its parameters in the query.</param>
internal sealed record ApiOperation(string Method, string Pattern, JsonNode? Example, IReadOnlyList<string> Queries)
{
    /// <summary>The path with a value for each of its parameters, by name.</summary>
    public string PathWith(Func<string, string> valueOf) => string.Join('/', Pattern.Split('/').Select(segment => segment.StartsWith('{') ? valueOf(segment.Trim('{', '}', '*')) : segment));
}

/// <summary>All that can be called: the routes that are mapped, so that a new one joins by itself.</summary>
internal static class ApiSurface
{
    /// <param name="services">The service's parts.</param>
    /// <param name="document">The OpenAPI document that it serves.</param>
    public static IReadOnlyList<ApiOperation> Read(IServiceProvider services, JsonNode document) =>
    [
        .. from endpoint in services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
           let pattern = "/" + endpoint.RoutePattern.RawText!.Trim('/')
           from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
           orderby pattern, method
           let operation = document["paths"]![pattern]?[method.ToLowerInvariant()]
           select new ApiOperation(method, pattern, ExampleOf(operation), QueriesOf(operation)),
    ];

    private static JsonNode? ExampleOf(JsonNode? operation) => operation?["requestBody"]?["content"]?["application/json"]?["example"];

    private static List<string> QueriesOf(JsonNode? operation) =>
        [.. (operation?["parameters"]?.AsArray() ?? []).Where(static parameter => parameter!["in"]!.GetValue<string>() == "query").Select(static parameter => parameter!["name"]!.GetValue<string>())];
}
