using EmailFunctions.ApiDocs;

namespace EmailFunctions.Ingest;

/// <summary>The route that tells event producers what to put on the queue.</summary>
internal static class IngestEndpoints
{
    private const string SchemaType = "application/schema+json";

    private static readonly Lazy<string> Schema = new(static () => ProducerSchema.Create().ToJsonString());

    public static void MapIngest(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/email/schemas/email-in", static () => TypedResults.Text(Schema.Value, SchemaType)).WithTags(ApiTags.Email).WithName("GetProducerSchema")
            .WithSummary("The JSON Schema of what event producers put on the queue email-in").AllowAnonymous().ProducesProblems();
}
