using System.Text;
using EmailFunctions.Access;
using EmailFunctions.Access.Tokens;
using EmailFunctions.Hardening;
using Swashbuckle.AspNetCore.ReDoc;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace EmailFunctions.ApiDocs;

/// <summary>The API documentation: the OpenAPI document, and two pages that show it without any outside address.</summary>
internal static class DocumentPages
{
    private const string DocumentPath = "/openapi/v1.json";

    // It is always the same, whatever name of the service or query it is asked with, and takes a tenth of a second to make.
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    // To it the issuer's window comes back, and hands what it was given to the page that opened it.
    private const string ReturnPage = "/oauth2-redirect.html";

    // The package's own page asks another host for fonts.
    private const string RedocPage =
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <title>%(DocumentTitle)</title>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <link href="data:," rel="icon">
          <link href="index.css" rel="stylesheet" type="text/css">
        </head>
        <body>
          <div id="redoc-container"></div>
          <script type="module" src="index.js"></script>
        </body>
        </html>
        """;

    public static void MapApiDocs(this IEndpointRouteBuilder routes)
    {
        // A literal path: with the document's name as a parameter, another name would be answered in plain text.
        routes.MapOpenApi(DocumentPath).WithName("GetOpenApi").AllowAnonymous().ExcludeFromDescription().CacheOutput(static policy => policy.Expire(Kept).SetVaryByHost(false).SetVaryByQuery([]));
        var issuer = routes.ServiceProvider.GetRequiredService<SignIn>().Issuer;
        var access = routes.ServiceProvider.GetRequiredService<AccessRules>();
        MapPage(routes, "/docs/{*asset}", "GetDocs", path => SwaggerPolicy(issuer, path), page => page.UseSwaggerUI(options => ConfigureSwaggerUi(options, access)));
        MapPage(routes, "/redoc/{*asset}", "GetRedoc", static _ => new PagePolicy { StylesItself = true, HasWorker = true }, static page => page.UseReDoc(ConfigureReDoc));
    }

    private static PagePolicy SwaggerPolicy(Uri? issuer, PathString path)
    {
        var isReturn = issuer is not null && path.Value!.EndsWith(ReturnPage, StringComparison.Ordinal);
        return new PagePolicy { StylesItself = true, Issuer = issuer, OpensIssuer = issuer is not null, ComesFromIssuer = isReturn };
    }

    // The packages are middleware; an endpoint of its own makes each a route like any other.
    private static void MapPage(IEndpointRouteBuilder routes, string pattern, string name, Func<PathString, PagePolicy> policy, Action<IApplicationBuilder> use)
    {
        var page = routes.CreateApplicationBuilder();
        page.Use((context, next) =>
        {
            // The static file middleware steps aside where an endpoint was chosen, as it was here.
            context.SetEndpoint(null);
            policy(context.Request.Path).ApplyTo(context.Response);
            return next(context);
        });
        use(page);
        routes.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], page.Build()).WithName(name).AllowAnonymous().ExcludeFromDescription();
    }

    private static void ConfigureSwaggerUi(SwaggerUIOptions options, AccessRules access)
    {
        options.RoutePrefix = "docs";
        options.DocumentTitle = "EmailFunctions";
        options.SwaggerEndpoint(DocumentPath, "EmailFunctions");
        if (access.ClientId is not { } clientId)
            return;
        options.OAuthClientId(clientId);
        options.OAuthScopes(access.SignInScope.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        options.OAuthUsePkce();
    }

    private static void ConfigureReDoc(ReDocOptions options)
    {
        options.RoutePrefix = "redoc";
        options.DocumentTitle = "EmailFunctions";
        options.SpecUrl = DocumentPath;
        options.IndexStream = static () => new MemoryStream(Encoding.UTF8.GetBytes(RedocPage));
    }
}
