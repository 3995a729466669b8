using Microsoft.AspNetCore.Routing.Patterns;

namespace EmailFunctions.Functions;

/// <summary>A public endpoint as the host knows it.</summary>
/// <param name="Name">The endpoint's name.</param>
/// <param name="Route">Its path, without the slash before it.</param>
/// <param name="Methods">In lower case.</param>
internal sealed record HttpFunction(string Name, string Route, IReadOnlyList<string> Methods)
{
    /// <summary>All public endpoints.</summary>
    /// <exception cref="InvalidOperationException">One has no name, or a name or path that the host can't have.</exception>
    public static IReadOnlyList<HttpFunction> ReadAll(IEnumerable<EndpointDataSource> sources) =>
    [
        .. sources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(static endpoint => endpoint.Metadata.GetMetadata<TriggerFunction>() is null)
            .Select(Read)
            .OrderBy(static function => function.Name, StringComparer.Ordinal),
    ];

    private static HttpFunction Read(RouteEndpoint endpoint)
    {
        var pattern = endpoint.RoutePattern;
        var name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
            ?? throw new InvalidOperationException($"{pattern.RawText} has no name, which its function needs.");
        // Trigger paths lie at the root, where no public route may catch what it does not name.
        if (pattern.PathSegments is not [var first, ..] || !first.IsSimple || first.Parts[0] is not RoutePatternLiteralPart)
            throw new InvalidOperationException($"{name} does not begin with a literal segment.");
        var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods
            ?? throw new InvalidOperationException($"{name} does not say which methods it takes.");
        return new HttpFunction(name, pattern.RawText!.TrimStart('/'), [.. methods.Select(static method => method.ToLowerInvariant())]);
    }
}
