using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Access;

/// <summary>Nothing answers whoever has no token but what is listed here.</summary>
public sealed class EndpointAccessTests
{
    private static readonly string[] Open =
    [
        "GET /health", "GET /api/v1/health", "GET /openapi/v1.json", "GET /docs/{*asset}", "HEAD /docs/{*asset}", "GET /redoc/{*asset}", "HEAD /redoc/{*asset}", "GET /api/v1/email/schemas/email-in",
        // Files that hold nothing; what they show they ask for with a token.
        "GET /dashboard/{*asset}", "HEAD /dashboard/{*asset}",
    ];

    [Fact]
    public async Task Every_endpoint_wants_a_token_but_those_that_tell_nothing_of_tenants()
    {
        await using var bench = await AccessBench.StartAsync();
        var endpoints = Endpoints(bench).ToList();
        Assert.True(endpoints.Count > 25, $"{endpoints.Count} endpoints");

        var open = new List<string>();
        foreach (var (method, path) in endpoints)
        {
            var answer = await bench.CallAsync(token: null, new HttpMethod(method), Filled(path), method is "GET" or "HEAD" ? null : "{}");
            if (answer.Status == HttpStatusCode.Unauthorized)
                answer.AssertUnauthenticated();
            else
                open.Add($"{method} {path}");
        }

        Assert.Equal(Open.Order(), open.Order());
    }

    [Fact]
    public async Task What_is_open_answers_whatever_token_comes_along_and_whether_or_not_the_issuer_is_there()
    {
        await using var bench = await AccessBench.StartAsync();
        bench.Issuer.IsDown = true;

        foreach (var path in new[] { "/health", "/api/v1/health", "/openapi/v1.json", "/docs/index.html", "/redoc/index.html", "/dashboard/", "/api/v1/email/schemas/email-in" })
        {
            foreach (var token in new[] { null, "secret", bench.TokenOf("acme") })
                Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(token, path)).Status);
        }

        Assert.Empty(bench.Issuer.Calls);
    }

    [Fact]
    public async Task Without_a_token_nobody_learns_which_paths_and_methods_exist()
    {
        await using var bench = await AccessBench.StartAsync();
        var real = await bench.GetAsync(token: null, "/api/v1/email/providers");

        foreach (var (method, path) in new[] { ("GET", "/api/v1/nowhere"), ("GET", "/"), ("POST", "/DispatchEmail"), ("PATCH", "/api/v1/email/send"), ("GET", "/api/v1/admin"), ("OPTIONS", "/api/v1/email/send") })
        {
            var answer = await bench.CallAsync(token: null, new HttpMethod(method), path);
            answer.AssertUnauthenticated();
            Assert.Equal(real.BodyWithoutTrace, answer.BodyWithoutTrace);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await bench.GetAsync(bench.TokenOf("acme"), "/api/v1/nowhere")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await bench.CallAsync(bench.TokenOf("acme"), HttpMethod.Patch, "/api/v1/email/send")).Status);
    }

    private static IEnumerable<(string Method, string Path)> Endpoints(AccessBench bench) =>
        from endpoint in bench.Service.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
        select (method, "/" + endpoint.RoutePattern.RawText!.Trim('/'));

    private static string Filled(string path) => path
        .Replace("{*asset}", "index.html", StringComparison.Ordinal)
        .Replace("{tenant_id}", "acme", StringComparison.Ordinal)
        .Replace("{message_id}", "acme~00000000000000000000000000000000", StringComparison.Ordinal);
}
