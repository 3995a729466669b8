using System.Text.Json.Serialization;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Providers;

public sealed record ProviderList(IReadOnlyList<ProviderDescription> Providers);

/// <summary>The route that lists the kinds of provider.</summary>
internal static class ProviderEndpoints
{
    public static void MapProviders(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/email/providers", Get).WithTags(ApiTags.EmailConfiguration).Needs(Scopes.Read).WithName("GetProviders")
            .WithSummary("The kinds of provider, and the fields each needs").ProducesProblems();

    private static Ok<ProviderList> Get() => TypedResults.Ok(new ProviderList(ProviderCatalog.All));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProviderList))]
internal sealed partial class ProviderJson : JsonSerializerContext;
