using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.ApiDocs;

public sealed partial class ApiDocsTests
{
    private static readonly string[] Bodies = ["application/json", "application/problem+json", "application/x-ndjson", "text/csv"];

    [Fact]
    public async Task The_document_is_OpenAPI_3_1_and_knows_every_endpoint()
    {
        await using var service = ServiceHost.Start();
        var document = await service.GetAsync("/openapi/v1.json");

        Assert.StartsWith("3.1", document["openapi"]!.GetValue<string>(), StringComparison.Ordinal);
        var documented = Operations(document).Select(static operation => $"{operation.Method} {operation.Path}").Order();
        Assert.Equal(MappedEndpoints(service).Order(), documented);
    }

    [Fact]
    public async Task The_document_is_made_once_whatever_it_is_asked_with()
    {
        await using var service = ServiceHost.Start();

        Assert.False(await IsKeptAsync("localhost", ""));
        Assert.True(await IsKeptAsync("localhost", ""));
        Assert.True(await IsKeptAsync("127.0.0.1", "?one=1"));

        async Task<bool> IsKeptAsync(string host, string query)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/openapi/v1.json{query}") { Headers = { Host = host } };
            using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
            answer.EnsureSuccessStatusCode();
            return answer.Headers.Age is not null;
        }
    }

    [Fact]
    public async Task Every_operation_has_a_name_a_summary_a_tag_schemas_examples_and_its_problems()
    {
        await using var service = ServiceHost.Start();
        var faults = new List<string>();
        foreach (var (path, method, operation) in Operations(await service.GetAsync("/openapi/v1.json")))
        {
            var name = $"{method} {path}";
            Check(operation["operationId"] is not null, "operationId");
            Check(operation["summary"] is not null, "summary");
            Check(operation["tags"]!.AsArray().Count == 1, "tag");
            Check(!path.Contains("/v1/email/configs/", StringComparison.Ordinal) || operation["tags"]![0]!.GetValue<string>() == "email-configuration", "tag email-configuration");
            if (operation["requestBody"] is { } request)
                CheckContent(request["content"]!.AsObject(), "request");
            var answers = operation["responses"]!.AsObject();
            Check(path.EndsWith("/health", StringComparison.Ordinal) || answers.Any(static pair => pair.Key[0] == '5'), "5xx answers");
            foreach (var (status, answer) in answers)
            {
                if (status != "204")
                    CheckContent(answer!["content"]!.AsObject(), status);
            }

            void CheckContent(JsonObject content, string what)
            {
                Check(content.Count(static pair => pair.Key != "text/csv") == 1, $"{what} has not one type");
                foreach (var (type, media) in content)
                {
                    Check(Bodies.Contains(type), $"{what} is {type}");
                    Check(media!["schema"] is not null, $"{what} has no schema of {type}");
                    Check(media["example"] is not null, $"{what} has no example of {type}");
                }
            }

            void Check(bool holds, string what)
            {
                if (!holds)
                    faults.Add($"{name}: {what}");
            }
        }

        Assert.Empty(faults);
    }

    [Fact]
    public async Task The_schema_of_a_configuration_lists_the_contracts_fields_and_their_limits()
    {
        await using var service = ServiceHost.Start();
        var schemas = (await service.GetAsync("/openapi/v1.json"))["components"]!["schemas"]!.AsObject();

        var fields = schemas["ConfigFields"]!["properties"]!.AsObject();
        Assert.Equal(39, fields.Count);
        Assert.Equal((1, 50), (fields["allowed_from_domains"]!["minItems"]!.GetValue<int>(), fields["allowed_from_domains"]!["maxItems"]!.GetValue<int>()));
        Assert.Equal(100, fields["max_recipients_per_message"]!["maximum"]!.GetValue<int>());
        Assert.True(schemas["ConfigResponse"]!["properties"]!.AsObject().ContainsKey("allowed_from_domains"));
        Assert.Equal(255, fields["smtp_host"]!["maxLength"]!.GetValue<int>());
        Assert.Equal(65_535, fields["smtp_port"]!["maximum"]!.GetValue<int>());
        Assert.Equal(500, schemas["SendRequest"]!["properties"]!["subject"]!["maxLength"]!.GetValue<int>());
        Assert.Equal(["detail", "errors", "instance", "status", "title", "trace_id", "type"], schemas["ProblemBody"]!["properties"]!.AsObject().Select(static pair => pair.Key).Order());
    }

    [Theory]
    [InlineData("/docs/index.html")]
    [InlineData("/redoc/index.html")]
    public async Task The_pages_need_nothing_from_any_other_host(string path)
    {
        await using var service = ServiceHost.Start();

        using var answer = await service.Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        var html = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.True(answer.IsSuccessStatusCode);
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        foreach (var asset in Asset().Matches(html).Select(static match => match.Groups[1].Value).Where(static asset => asset != "data:,"))
        {
            using var loaded = await service.Client.GetAsync(new Uri(new Uri("http://localhost" + path), asset), TestContext.Current.CancellationToken);
            Assert.True(loaded.IsSuccessStatusCode, asset);
        }
    }

    [Theory]
    [InlineData("/docs")]
    [InlineData("/redoc")]
    public async Task The_short_addresses_lead_to_the_pages(string path)
    {
        await using var service = ServiceHost.Start();

        using var answer = await service.Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
    }

    private static IEnumerable<string> MappedEndpoints(ServiceHost service) =>
        from endpoint in service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let pattern = "/" + endpoint.RoutePattern.RawText!.Trim('/')
        where pattern.StartsWith("/api/v1/", StringComparison.Ordinal) || pattern == "/health"
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        select $"{method} {pattern}";

    private static IEnumerable<(string Path, string Method, JsonObject Operation)> Operations(JsonObject document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select (path.Key, operation.Key.ToUpperInvariant(), operation.Value!.AsObject());

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Asset();
}
