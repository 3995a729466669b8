using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The public side: routes of the HTTP functions, the host's own paths, and 404 with nothing for the rest. A method that a
/// route does not take is a 404 too.
/// </summary>
internal sealed class HttpFrontEnd : IAsyncDisposable
{
    private const long MaxBodyBytes = 104_857_600;

    private readonly WebApplication _app;

    private HttpFrontEnd(WebApplication app) => _app = app;

    /// <summary>Where the public side listens.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<HttpFrontEnd> StartAsync(
        IReadOnlyList<FunctionDefinition> functions, HostFile file, FunctionsHostOptions options, FunctionInvoker invoker, Task hostFailed)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        builder.Services.AddRouting().AddHttpForwarder();
        builder.Services.AddSingleton(new HttpPosting(invoker));
        builder.Services.AddSingleton(_ => new HttpForwarding(invoker, options.HttpMode));
        builder.Services.AddSingleton(services => new HttpProxying(invoker, services.GetRequiredService<IHttpForwarder>(), options.HostVersion));
        builder.Services.AddSingleton(file).AddSingleton(options).AddSingleton<HttpDispatch>();
        var app = builder.Build();
        app.Use((context, next) => hostFailed.IsCompleted ? Answer(context, StatusCodes.Status503ServiceUnavailable)
            : HostPath(context) is { } status ? Answer(context, status) : next(context));
        app.UseRouter(Routes(functions, file.RoutePrefix, app.Services));
        var hasHomePage = !options.Settings.TryGetValue("AzureWebJobsDisableHomepage", out var disabled) || !AppSettings.IsTrue(disabled);
        app.Run(context => context.Request.Path != "/" ? Answer(context, StatusCodes.Status404NotFound)
            : hasHomePage ? context.Response.WriteAsync("Your Functions host is up and running.") : Answer(context, StatusCodes.Status204NoContent));
        await app.StartAsync();
        return new HttpFrontEnd(app);
    }

    // Requests that are still open are not waited for.
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static int? HostPath(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/admin") ? StatusCodes.Status401Unauthorized
        : context.Request.Path.StartsWithSegments("/runtime/webhooks") ? StatusCodes.Status404NotFound : null;

    private static Task Answer(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    // The older routing of ASP.NET Core, as in the host: the most specific route comes first, and none answers 405.
    private static IRouter Routes(IReadOnlyList<FunctionDefinition> functions, string prefix, IServiceProvider services)
    {
        var dispatch = services.GetRequiredService<HttpDispatch>();
        var resolver = services.GetRequiredService<IInlineConstraintResolver>();
        var routes = new RouteCollection();
        var templates =
            from function in functions
            where function.IsHttp && !function.Disabled
            let template = $"{prefix.Trim('/')}/{function.Route.TrimStart('/')}".TrimStart('/')
            orderby RoutePrecedence.ComputeInbound(TemplateParser.Parse(template))
            select (function, template);
        foreach (var (function, template) in templates)
        {
            var methods = new RouteValueDictionary();
            if (function.Methods.Count > 0)
            {
                methods["httpMethod"] = new HttpMethodRouteConstraint([.. function.Methods]);
            }

            routes.Add(new Route(
                new RouteHandler(context => dispatch.RunAsync(function, context)), function.Name, template, new RouteValueDictionary(),
                methods!, new RouteValueDictionary(), resolver));
        }

        return routes;
    }
}
