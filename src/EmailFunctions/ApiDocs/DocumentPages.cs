using System.Text;
using Swashbuckle.AspNetCore.ReDoc;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace EmailFunctions.ApiDocs;

/// <summary>The API documentation: the OpenAPI document, and two pages that show it without any outside address.</summary>
internal static class DocumentPages
{
    private const string DocumentPath = "/openapi/v1.json";

    // Both pages style themselves, and ReDoc searches in a worker made of a blob; scripts come from here alone.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
        "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    // The package's own page asks another host for fonts.
    private const string RedocPage =
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <title>%(DocumentTitle)</title>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
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
        routes.MapOpenApi(DocumentPath).WithName("GetOpenApi").AllowAnonymous().ExcludeFromDescription();
        MapPage(routes, "/docs/{*asset}", "GetDocs", static page => page.UseSwaggerUI(ConfigureSwaggerUi));
        MapPage(routes, "/redoc/{*asset}", "GetRedoc", static page => page.UseReDoc(ConfigureReDoc));
    }

    // The packages are middleware; an endpoint of its own makes each a route like any other.
    private static void MapPage(IEndpointRouteBuilder routes, string pattern, string name, Action<IApplicationBuilder> use)
    {
        var page = routes.CreateApplicationBuilder();
        page.Use(static (context, next) =>
        {
            // The static file middleware steps aside where an endpoint was chosen, as it was here.
            context.SetEndpoint(null);
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return next(context);
        });
        use(page);
        routes.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], page.Build()).WithName(name).AllowAnonymous().ExcludeFromDescription();
    }

    private static void ConfigureSwaggerUi(SwaggerUIOptions options)
    {
        options.RoutePrefix = "docs";
        options.DocumentTitle = "EmailFunctions";
        options.SwaggerEndpoint(DocumentPath, "EmailFunctions");
    }

    private static void ConfigureReDoc(ReDocOptions options)
    {
        options.RoutePrefix = "redoc";
        options.DocumentTitle = "EmailFunctions";
        options.SpecUrl = DocumentPath;
        options.IndexStream = static () => new MemoryStream(Encoding.UTF8.GetBytes(RedocPage));
    }
}
