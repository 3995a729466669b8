using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class RouteTests
{
    [Theory]
    [InlineData("v1/messages/{id:guid}", "/v1/messages/6f9619ff-8b86-d011-b42d-00c04fc964ff", true)]
    [InlineData("v1/messages/{id:guid}", "/v1/messages/7", false)]
    [InlineData("v1/messages/{id:guid}", "/V1/MESSAGES/6f9619ff-8b86-d011-b42d-00c04fc964ff", true)]
    [InlineData("v1/messages/{id?}", "/v1/messages", true)]
    [InlineData("v1/messages/{id?}", "/v1/messages/7/8", false)]
    [InlineData("docs/{*asset}", "/docs", true)]
    [InlineData("docs/{*asset}", "/docs/a/b/c.css", true)]
    [InlineData("metrics", "/metrics/", true)]
    [InlineData("metrics", "/metrics/x", false)]
    [InlineData("/metrics", "/metrics", true)]
    public async Task Routes_match_as_in_ASP_NET_Core(string route, string path, bool matches)
    {
        using var folder = new ScriptFolder().AddHttp("Page", route);
        Assert.Equal(matches ? 200 : 404, await StatusAsync(folder, path));
    }

    [Fact]
    public async Task A_function_without_a_route_has_its_name_behind_the_prefix()
    {
        using var folder = new ScriptFolder(file => file["extensions"] = null).AddHttp("Page", "");
        Assert.Equal(200, await StatusAsync(folder, "/api/page"));
        Assert.Equal(404, await StatusAsync(folder, "/page"));
    }

    [Fact]
    public async Task The_most_specific_route_comes_first()
    {
        using var folder = new ScriptFolder().AddHttp("Any", "v1/{*rest}").AddHttp("One", "v1/{id}").AddHttp("Word", "v1/word");
        await using var host = await Host.StartAsync(folder, Host.Handler());
        using var client = new HttpClient { BaseAddress = host.Address };
        foreach (var path in new[] { "v1/word", "v1/other", "v1/a/b" })
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), Host.Token);
        }

        Assert.Equal(["Word", "One", "Any"], host.Invocations.Select(record => record.Function));
    }

    [Fact]
    public async Task A_method_that_no_function_takes_is_404_with_nothing()
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page");
        await using var host = await Host.StartAsync(folder, Host.Handler());
        using var client = new HttpClient();
        using var answer = await client.DeleteAsync(new Uri(host.Address, "page"), Host.Token);
        Assert.Equal((404, 0L), ((int)answer.StatusCode, answer.Content.Headers.ContentLength));
    }

    [Theory]
    [InlineData("/Sweep")]
    [InlineData("/DispatchEmail")]
    [InlineData("/page/Sweep")]
    public async Task The_public_does_not_reach_a_trigger_by_its_name(string path)
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page").AddTimer("Sweep");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler);
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(host.Address, path), null, Host.Token);
        Assert.Equal(404, (int)answer.StatusCode);
        Assert.Empty(handler.Seen);
    }

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/admin", 401)]
    [InlineData("/ADMIN/functions/Sweep", 401)]
    [InlineData("/admin/host/status", 401)]
    [InlineData("/runtime/webhooks/mcp", 404)]
    public async Task Some_paths_are_the_hosts_own_even_where_a_route_would_fit(string path, int expected)
    {
        using var folder = new ScriptFolder().AddHttp("Everything", "{one}/{*rest}");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler);
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(host.Address, path), Host.Token);
        Assert.Equal(expected, (int)answer.StatusCode);
        Assert.Empty(handler.Seen);
    }

    [Fact]
    public async Task The_home_page_can_be_turned_off()
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page");
        Assert.Equal(204, await StatusAsync(folder, "/", new() { ["AzureWebJobsDisableHomepage"] = "true" }));
    }

    [Theory]
    [InlineData("AzureWebJobs.Page.Disabled", "true", 404)]
    [InlineData("AzureWebJobs_Page_Disabled", "1", 404)]
    [InlineData("AzureWebJobs.Page.Disabled", "false", 200)]
    [InlineData("AzureWebJobs.Other.Disabled", "true", 200)]
    public async Task A_disabled_function_has_no_route(string setting, string value, int expected)
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page");
        Assert.Equal(expected, await StatusAsync(folder, "/page", new() { [setting] = value }));
    }

    [Theory]
    [InlineData("function", "", 401)]
    [InlineData("function", "?code=function-key", 200)]
    [InlineData("function", "?code=master-key", 200)]
    [InlineData("function", "?code=other", 401)]
    [InlineData("admin", "?code=function-key", 401)]
    [InlineData("admin", "?code=master-key", 200)]
    [InlineData("anonymous", "", 200)]
    public async Task A_key_is_asked_for_by_the_level(string level, string query, int expected)
    {
        using var folder = new ScriptFolder().Add("Page", ScriptFolder.PureHttp
            .Replace("ROUTE", "page", StringComparison.Ordinal).Replace("anonymous", level, StringComparison.Ordinal));
        Assert.Equal(expected, await StatusAsync(folder, "/page" + query));
    }

    [Fact]
    public async Task A_function_that_is_more_than_HTTP_gets_the_request_as_a_payload()
    {
        using var folder = new ScriptFolder().Add("Both", """
            { "bindings": [
              { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "both/{id}" },
              { "type": "http", "direction": "out", "name": "res" },
              { "type": "queue", "direction": "out", "name": "mail", "queueName": "mail" } ] }
            """);
        var handler = Host.Handler(Answers.Json("""{"Outputs":{"res":{"statusCode":202,"headers":{"X-A":"b"},"body":"taken"}}}"""));
        await using var host = await Host.StartAsync(folder, handler);
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(host.Address, "both/7?x=1"), new StringContent("hello"), Host.Token);
        Assert.Equal((202, "taken"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Host.Token)));
        Assert.Equal(["b"], answer.Headers.GetValues("X-A"));
        Assert.Equal(("POST", "/Both"), (handler.Only.Method, handler.Only.Target));
        var request = Newtonsoft.Json.Linq.JObject.Parse(handler.Only.Body)["Data"]!["req"]!;
        Assert.Equal(("POST", "1", "7", "hello"), ((string)request["Method"]!, (string)request["Query"]!["x"]!, (string)request["Params"]!["id"]!, (string)request["Body"]!));
    }

    [Theory]
    [InlineData(HttpMode.Proxying, true, true, "/page")]
    [InlineData(HttpMode.Proxying, true, false, "/page")]
    [InlineData(HttpMode.Proxying, false, false, "/Page")]
    [InlineData(HttpMode.Forwarding, true, true, "/page")]
    [InlineData(HttpMode.Forwarding, true, false, "/Page")]
    public async Task An_older_host_that_does_not_know_proxying_needs_forwarding_to_be_on(HttpMode mode, bool proxying, bool forwarding, string expected)
    {
        using var folder = new ScriptFolder(file =>
        {
            file["customHandler"]!["enableProxyingHttpRequest"] = proxying;
            file["customHandler"]!["enableForwardingHttpRequest"] = forwarding;
        }).AddHttp("Page", "page");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler, options => options with { HttpMode = mode });
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(host.Address, "page"), Host.Token);
        Assert.Equal(expected, handler.Only.Target);
    }

    private static async Task<int> StatusAsync(ScriptFolder folder, string path, Dictionary<string, string>? settings = null)
    {
        await using var host = await Host.StartAsync(folder, Host.Handler(), options => options with { Settings = settings ?? [] });
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(host.Address, path), Host.Token);
        return (int)answer.StatusCode;
    }
}
