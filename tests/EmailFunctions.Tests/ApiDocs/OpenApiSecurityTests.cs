using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.ApiDocs;

/// <summary>What the document and the pages are told about credentials.</summary>
public sealed class OpenApiSecurityTests
{
    private static readonly string[] Open = ["/health", "/api/v1/health", "/api/v1/email/schemas/email-in"];

    [Fact]
    public async Task The_document_says_of_each_operation_whether_it_wants_a_credential_and_which_there_are()
    {
        await using var bench = await AccessBench.StartAsync(null, ("EMAIL_AUTH_CLIENT_ID", "pages"), ("EMAIL_AUTH_SCOPE", "openid api://email/.default"));

        var document = (await bench.GetAsync(token: null, "/openapi/v1.json")).Json;

        var schemes = document["components"]!["securitySchemes"]!.AsObject();
        Assert.Equal(["bearer", "sign_in"], schemes.Select(static scheme => scheme.Key).Order());
        var flow = schemes["sign_in"]!["flows"]!["authorizationCode"]!;
        Assert.Equal($"{bench.Issuer.Address}/authorize", flow["authorizationUrl"]!.GetValue<string>());
        Assert.Equal($"{bench.Issuer.Address}/token", flow["tokenUrl"]!.GetValue<string>());
        Assert.Equal(["api://email/.default", "openid"], flow["scopes"]!.AsObject().Select(static scope => scope.Key).Order());
        Assert.All(Operations(document), static operation => Assert.Equal(Open.Contains(operation.Path) ? 0 : 2, operation.Node["security"]?.AsArray().Count ?? 0));
    }

    [Fact]
    public async Task Without_the_issuer_the_document_is_there_and_the_page_is_told_to_come_back()
    {
        await using var bench = await AccessBench.StartAsync(null, ("EMAIL_AUTH_CLIENT_ID", "pages"));
        bench.Issuer.IsDown = true;

        var document = await bench.GetAsync(token: null, "/openapi/v1.json");
        var way = await bench.GetAsync(token: null, "/dashboard/sign-in.json");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (document.Status, way.Status));
        Assert.Contains("Retry-After: 5", way.Headers, StringComparison.Ordinal);
        Assert.Equal(["bearer"], document.Json["components"]!["securitySchemes"]!.AsObject().Select(static scheme => scheme.Key));
    }

    [Fact]
    public async Task The_page_is_told_where_people_sign_in_if_they_do()
    {
        await using var with = await AccessBench.StartAsync(null, ("EMAIL_AUTH_CLIENT_ID", "pages"));
        await using var without = await AccessBench.StartAsync();

        var way = (await with.GetAsync(token: null, "/dashboard/sign-in.json")).Json["code_flow"]!;
        Assert.Equal((with.Issuer.Address + "/authorize", with.Issuer.Address + "/token", "pages", "openid"), (Text(way, "authorization_endpoint"), Text(way, "token_endpoint"), Text(way, "client_id"), Text(way, "scope")));
        Assert.Equal("""{"code_flow":null}""", (await without.GetAsync(token: null, "/dashboard/sign-in.json")).Body);
        Assert.Empty(without.Issuer.Calls);
    }

    [Fact]
    public async Task Where_nobody_needs_a_credential_the_document_says_nothing_of_them()
    {
        await using var service = ServiceHost.Start();

        var document = await service.GetAsync("/openapi/v1.json");

        Assert.Null(document["components"]!["securitySchemes"]);
        Assert.All(Operations(document), static operation => Assert.Null(operation.Node["security"]));
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();

    private static IEnumerable<(string Path, JsonNode Node)> Operations(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select (path.Key, operation.Value!);
}
