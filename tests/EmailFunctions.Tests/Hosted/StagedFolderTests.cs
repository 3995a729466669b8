using System.Text.Json.Nodes;
using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Hosted;

/// <summary>What the documented command stages.</summary>
public sealed class StagedFolderTests(StagedApp staged)
{
    [Fact]
    public async Task Its_functions_are_the_endpoints_that_are_mapped_and_the_triggers()
    {
        var folder = await staged.GetFolderAsync();
        await using var service = ServiceHost.Start();
        var mapped = service.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(static endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} /{endpoint.RoutePattern.RawText!.TrimStart('/')}"))
            .Order().ToList();

        var functions = Directory.GetDirectories(folder).ToDictionary(static path => Path.GetFileName(path), static path => JsonNode.Parse(File.ReadAllText(Path.Combine(path, "function.json")))!["bindings"]!.AsArray());
        var http = functions.Values.Where(static bindings => Type(bindings) == "httpTrigger")
            .SelectMany(static bindings => bindings[0]!["methods"]!.AsArray().Select(method => $"{method!.GetValue<string>().ToUpperInvariant()} /{bindings[0]!["route"]}"))
            .Order().ToList();
        var triggers = functions.Where(static function => Type(function.Value) != "httpTrigger").Select(static function => function.Key).Order().ToList();

        Assert.Equal(mapped, http);
        Assert.Equal(
            [
                "CheckHealth", "CheckKeyAge", "DispatchEmail", "DispatchEmailFromStorage", "IngestEmail", "IngestEmailFromStorage", "RecoverDispatch", "RecoverDispatchFromStorage",
                "RecoverIngest", "RecoverIngestFromStorage", "SweepActivityRetention", "SweepAuditErasures", "SweepAuditRetention", "SweepDeadLetters", "SweepHeldMessages", "SweepIdempotencyKeys", "SweepKeyRotation", "SweepMessages", "SweepPayloads", "SweepTenants", "SweepUsageRollups", "SweepUsageRows",
            ],
            triggers);
        Assert.All(functions.Where(function => triggers.Contains(function.Key) && !Type(function.Value).StartsWith("timer", StringComparison.Ordinal)), static function => Assert.Equal("binary", function.Value[0]!["dataType"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Its_executable_can_be_run_and_needs_no_runtime_beside_it()
    {
        var folder = await staged.GetFolderAsync();

        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no executable bit.");
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Path.Combine(folder, "EmailFunctions")).HasFlag(UnixFileMode.UserExecute | UnixFileMode.GroupExecute));
        Assert.True(File.Exists(Path.Combine(folder, "libcoreclr.so")));
        Assert.Equal("EmailFunctions", JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "host.json"), TestContext.Current.CancellationToken))!["customHandler"]!["description"]!["defaultExecutablePath"]!.GetValue<string>());
    }

    private static string Type(JsonArray bindings) => bindings[0]!["type"]!.GetValue<string>();
}
