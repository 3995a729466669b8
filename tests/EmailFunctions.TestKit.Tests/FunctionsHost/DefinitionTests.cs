using System.Text.Json.Nodes;
using EmailFunctions.TestKit.FunctionsHost;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class DefinitionTests
{
    private const string Timer = """{ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 * * * * *" }""";

    [Fact]
    public async Task Only_direct_child_folders_with_a_function_json_are_functions()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep").Add("wwwroot", "{}", "page.html").Add("deep/Inner", "not read");
        await using var host = await Host.StartAsync(folder, Host.Handler());
        Assert.Equal(["Sweep"], host.Functions);
    }

    [Fact]
    public async Task Settings_are_put_in_for_their_names()
    {
        using var folder = new ScriptFolder().AddHttp("Page", "%PAGE%/x").AddTimer("Sweep", "%SWEEP%");
        await using var host = await Host.StartAsync(folder, Host.Handler(), options => options with
        {
            Settings = new Dictionary<string, string> { ["page"] = "the-page", ["SWEEP"] = "*/5 * * * * *" },
        });
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(host.Address, "the-page/x"), Host.Token);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_disabled_function_is_not_run_but_can_be_fired()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep", "* * * * * *").AddTimer("Other");
        await using var host = await Host.StartAsync(folder, Host.Handler(), options => options with
        {
            RunTimers = true,
            Settings = new Dictionary<string, string> { ["AzureWebJobs.Sweep.Disabled"] = "true" },
        });
        Assert.Equal(["Other"], host.Functions);
        Assert.True((await host.FireTimerAsync("Sweep")).Succeeded);
    }

    [Theory]
    [InlineData("not json", "")]
    [InlineData("[]", "no object")]
    [InlineData("{}", "at least one binding")]
    [InlineData("""{ "bindings": [] }""", "at least one binding")]
    [InlineData("""{ "bindings": [ { "type": "http", "direction": "out", "name": "res" } ] }""", "exactly one trigger")]
    [InlineData($$"""{ "bindings": [ {{Timer}}, { "type": "httpTrigger", "direction": "in", "name": "req" } ] }""", "exactly one trigger")]
    [InlineData($$"""{ "bindings": [ {{Timer}}, { "type": "queue", "direction": "out", "name": "timer" } ] }""", "same name")]
    [InlineData("""{ "bindings": [ { "type": "eventHubTrigger", "direction": "in", "name": "x" } ] }""", "not registered")]
    [InlineData("""{ "bindings": [ { "direction": "in", "name": "x" } ] }""", "no type")]
    [InlineData("""{ "bindings": [ { "type": "timerTrigger", "direction": "in", "name": "a-b", "schedule": "0 * * * * *" } ] }""", "not valid")]
    [InlineData("""{ "bindings": [ { "type": "timerTrigger", "name": "timer", "schedule": "0 * * * * *" } ] }""", "direction")]
    [InlineData("""{ "bindings": [ { "type": "timerTrigger", "direction": "out", "name": "timer", "schedule": "0 * * * * *" } ] }""", "must be in")]
    [InlineData("""{ "bindings": [ { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "* * * * *" } ] }""", "six fields")]
    [InlineData("""{ "bindings": [ { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "%NOT_SET%" } ] }""", "'%NOT_SET%' does not resolve")]
    [InlineData("""{ "bindings": [ { "type": "serviceBusTrigger", "direction": "in", "name": "msg", "connection": "ServiceBus" } ] }""", "queueName")]
    [InlineData("""{ "bindings": [ { "type": "serviceBusTrigger", "direction": "in", "name": "msg", "queueName": "mail" } ] }""", "connection")]
    [InlineData("""{ "bindings": [ { "type": "queueTrigger", "direction": "in", "name": "msg" } ] }""", "queueName")]
    [InlineData("""{ "bindings": [ { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "user" } ] }""", "authLevel")]
    [InlineData("""{ "bindings": [ { "type": "httpTrigger", "direction": "in", "name": "req", "route": "admin/x" } ] }""", "belongs to the host")]
    [InlineData("""{ "bindings": [ { "type": "httpTrigger", "direction": "in", "name": "req", "route": "/runtime" } ] }""", "belongs to the host")]
    [InlineData("""{ "bindings": [ { "type": "httpTrigger", "direction": "in", "name": "req", "route": "a/{b" } ] }""", "")]
    public async Task A_function_that_would_not_load_is_refused_by_name(string json, string reason)
    {
        using var folder = new ScriptFolder().Add("Broken", json);
        var error = await RefusedAsync(folder);
        Assert.StartsWith("Broken: ", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "dotnet-isolated")]
    [InlineData(true, "dotnet")]
    public async Task Without_the_extension_bundle_queues_are_no_triggers(bool bundle, string? runtime)
    {
        using var folder = new ScriptFolder(file => file["extensionBundle"] = bundle ? file["extensionBundle"]!.DeepClone() : null)
            .AddServiceBus("Dispatch", "mail").AddQueue("Queue", "mail").AddTimer("Sweep");
        var settings = runtime is null ? [] : new Dictionary<string, string> { ["FUNCTIONS_WORKER_RUNTIME"] = runtime };
        var error = await Assert.ThrowsAsync<FunctionsHostException>(
            () => Host.StartAsync(folder, Host.Handler(), options => options with { Settings = settings }));
        Assert.Contains("Dispatch: the binding type 'serviceBusTrigger' is not registered.", error.Message, StringComparison.Ordinal);
        Assert.Contains("Queue: the binding type 'queueTrigger' is not registered.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Sweep", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_a_further_file_is_refused_and_every_refusal_is_told()
    {
        using var folder = new ScriptFolder().AddTimer("One").Add("One", "", "readme.md").AddTimer("two words").AddTimer("sweep").AddTimer("Sweep");
        var error = await RefusedAsync(folder);
        Assert.Equal(3, error.Split('\n').Length);
        Assert.Contains("One: the folder has further files, one of which would be run as a script: readme.md.", error, StringComparison.Ordinal);
        Assert.Contains("two words: the folder's name is no function name.", error, StringComparison.Ordinal);
        Assert.Contains("weep: the name is there twice.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version", "1.0", "version")]
    [InlineData("customHandler", null, "defaultExecutablePath is missing")]
    [InlineData("functionTimeout", "soon", "functionTimeout is 'soon'")]
    [InlineData("configurationProfile", "mcp-custom-handler", "exclude function.json")]
    public async Task A_host_json_that_the_host_would_not_start_with_is_refused(string key, string? value, string reason)
    {
        using var folder = new ScriptFolder(file => file[key] = value);
        Assert.Contains(reason, await RefusedAsync(folder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_in_host_json_exclude_function_json_files()
    {
        using var folder = new ScriptFolder(file =>
            file["customHandler"]!["http"] = new JsonObject { ["routes"] = new JsonArray(new JsonObject { ["route"] = "{*all}" }) });
        Assert.Contains("exclude function.json", await RefusedAsync(folder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_or_broken_host_json_is_refused()
    {
        using var folder = new ScriptFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Root, "host.json"), "{", Host.Token);
        Assert.Contains("host.json is not JSON", await RefusedAsync(folder), StringComparison.Ordinal);
        File.Delete(Path.Combine(folder.Root, "host.json"));
        Assert.Contains("no host.json", await RefusedAsync(folder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task App_settings_override_host_json()
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page");
        await using var host = await Host.StartAsync(folder, Host.Handler(), options => options with
        {
            Settings = new Dictionary<string, string> { ["AzureFunctionsJobHost__extensions__http__routePrefix"] = "over" },
        });
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(host.Address, "over/page"), Host.Token);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    private static async Task<string> RefusedAsync(ScriptFolder folder) =>
        (await Assert.ThrowsAsync<FunctionsHostException>(() => Host.StartAsync(folder, Host.Handler()))).Message;
}
