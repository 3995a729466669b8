using System.Text.Json.Nodes;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

/// <summary>A staged folder with a host.json, to which a test adds functions.</summary>
internal sealed class ScriptFolder : IDisposable
{
    public const string PureHttp = """
        { "bindings": [
          { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "methods": ["get", "post", "put"], "route": "ROUTE" },
          { "type": "http", "direction": "out", "name": "res" } ] }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("functions-host-");

    private readonly JsonObject _hostFile;

    public ScriptFolder(Action<JsonObject>? hostFile = null)
    {
        _hostFile = JsonNode.Parse("""
            { "version": "2.0", "functionTimeout": "00:00:30", "extensionBundle": { "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)" },
              "customHandler": { "description": { "defaultExecutablePath": "worker" }, "enableProxyingHttpRequest": true, "enableForwardingHttpRequest": true },
              "extensions": { "http": { "routePrefix": "" } } }
            """)!.AsObject();
        hostFile?.Invoke(_hostFile);
        WriteHostFile();
    }

    public string Root => _folder.FullName;

    public ScriptFolder Add(string function, string json, string file = "function.json")
    {
        var folder = _folder.CreateSubdirectory(function);
        File.WriteAllText(Path.Combine(folder.FullName, file), json);
        return this;
    }

    public ScriptFolder AddHttp(string function, string route) =>
        Add(function, PureHttp.Replace("ROUTE", route, StringComparison.Ordinal));

    public ScriptFolder AddTimer(string function, string schedule = "0 0 0 1 1 *") =>
        Add(function, $$"""{ "bindings": [ { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "{{schedule}}" } ] }""");

    public ScriptFolder AddQueue(string function, string queue, string more = "") => Add(function, $$"""
        { "bindings": [ { "type": "queueTrigger", "direction": "in", "name": "msg", "queueName": "{{queue}}"{{more}} } ] }
        """);

    public ScriptFolder AddServiceBus(string function, string queue, string more = "") => Add(function, $$"""
        { "bindings": [ { "type": "serviceBusTrigger", "direction": "in", "name": "msg", "queueName": "{{queue}}", "connection": "ServiceBus"{{more}} } ] }
        """);

    /// <summary>The worker as a shell script.</summary>
    public ScriptFolder AddScript(string text)
    {
        File.WriteAllText(Path.Combine(Root, "worker.sh"), text + "\n");
        _hostFile["customHandler"]!["description"] = new JsonObject { ["defaultExecutablePath"] = "sh", ["arguments"] = new JsonArray("worker.sh") };
        return WriteHostFile();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private ScriptFolder WriteHostFile()
    {
        File.WriteAllText(Path.Combine(Root, "host.json"), _hostFile.ToJsonString());
        return this;
    }
}
