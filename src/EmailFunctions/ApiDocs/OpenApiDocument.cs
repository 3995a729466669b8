using System.Text.Json.Nodes;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace EmailFunctions.ApiDocs;

/// <summary>What the OpenAPI document says beyond what the endpoints' types and metadata say by themselves.</summary>
internal static class OpenApiDocument
{
    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = OpenApiSchemas.NameOf;
        options.AddSchemaTransformer(OpenApiSchemas.CompleteAsync);
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "EmailFunctions",
                Version = "v1",
                Description = "A multi-tenant email service. Errors are application/problem+json (RFC 9457); unknown fields are errors.",
            };
            document.Servers = [];
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer(OpenApiSecurity.CompleteAsync);
        options.AddOperationTransformer(static async (operation, context, cancellationToken) =>
        {
            await AddChangeAsync(operation, context, cancellationToken);
            AddExamples(operation, context);
            AddText(operation, context);
            OpenApiParameters.Complete(operation);
            AddHeaders(operation, context);
        });
    }

    // A change takes the same fields as the whole, but needs none of them, and a null clears one.
    private static async Task AddChangeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<TakesChange>().FirstOrDefault() is not { } change)
            return;
        var schema = await context.GetOrCreateSchemaAsync(change.Whole, parameterDescription: null, cancellationToken);
        schema.Required = null;
        schema.Description = "The fields to change.";
        context.Document!.AddComponent(change.Name, schema);
        foreach (var media in operation.RequestBody!.Content!.Values)
            media.Schema = new OpenApiSchemaReference(change.Name, context.Document);
    }

    private static void AddExamples(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var name = context.Description.ActionDescriptor.EndpointMetadata.OfType<IEndpointNameMetadata>().FirstOrDefault()?.EndpointName;
        if (operation.RequestBody?.Content is { } request && name is not null && OpenApiExamples.Request(name) is { } example)
            Set(request, example);
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (response.Content is not { } content)
                continue;
            if (status[0] is '4' or '5' && content.ContainsKey(Problem.ContentType))
                Set(content, OpenApiExamples.ProblemOf(status));
            else if (name is not null && OpenApiExamples.Response(name) is { } answer)
                Set(content, answer);
        }
    }

    private static void AddText(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<ProducesText>().FirstOrDefault() is not { } text || operation.Responses?["200"].Content is not { } content)
            return;
        var name = metadata.OfType<IEndpointNameMetadata>().First().EndpointName;
        content[text.ContentType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = OpenApiExamples.TextOf(name) };
    }

    private static void AddHeaders(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<TakesIdempotencyKey>().Any())
            return;
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = "Idempotency-Key",
            In = ParameterLocation.Header,
            Description = "At most 256 characters. The same key with the same body answers the first answer again, for a day.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 256 },
        });
    }

    private static void Set(IDictionary<string, OpenApiMediaType> content, JsonNode example)
    {
        foreach (var media in content.Values)
            media.Example = example.DeepClone();
    }
}
