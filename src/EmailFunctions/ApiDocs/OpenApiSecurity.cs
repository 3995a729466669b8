using EmailFunctions.Access;
using EmailFunctions.Access.Tokens;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Document = Microsoft.OpenApi.OpenApiDocument;

namespace EmailFunctions.ApiDocs;

/// <summary>What the document says about credentials: which there are, and which operations want one. By it the page of the API signs in.</summary>
internal static class OpenApiSecurity
{
    private const string BearerName = "bearer";
    private const string CodeFlowName = "sign_in";

    public static async Task CompleteAsync(Document document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        if (!context.ApplicationServices.GetRequiredService<AccessRules>().IsRequired)
            return;
        document.AddComponent<IOpenApiSecurityScheme>(BearerName, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key, or an access token." });
        List<OpenApiSecurityRequirement> either = [Need(BearerName, document)];
        if (await FindFlowAsync(context, cancellationToken) is { } flow)
        {
            document.AddComponent<IOpenApiSecurityScheme>(CodeFlowName, SchemeOf(flow));
            either.Add(Need(CodeFlowName, document));
        }

        foreach (var description in context.DescriptionGroups.SelectMany(static group => group.Items).Where(static description => !IsOpen(description)))
        {
            if (document.Paths.TryGetValue("/" + description.RelativePath!.TrimEnd('/'), out var path) && path.Operations?.GetValueOrDefault(new HttpMethod(description.HttpMethod!)) is { } operation)
                operation.Security = [.. either];
        }
    }

    private static bool IsOpen(ApiDescription description) => description.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>().Any();

    // The document is there without the issuer.
    private static async Task<CodeFlow?> FindFlowAsync(OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await context.ApplicationServices.GetRequiredService<SignIn>().FindAsync(cancellationToken);
        }
        catch (ProblemException)
        {
            return null;
        }
    }

    private static OpenApiSecurityScheme SchemeOf(CodeFlow flow) => new()
    {
        Type = SecuritySchemeType.OAuth2,
        Description = "Sign in at the issuer of access tokens.",
        Flows = new OpenApiOAuthFlows
        {
            AuthorizationCode = new OpenApiOAuthFlow
            {
                AuthorizationUrl = new Uri(flow.AuthorizationEndpoint),
                TokenUrl = new Uri(flow.TokenEndpoint),
                Scopes = flow.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().ToDictionary(static scope => scope, static _ => ""),
            },
        },
    };

    private static OpenApiSecurityRequirement Need(string scheme, Document document) => new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
}
