using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>
/// What a deployment of infra/main.bicep would make: the compiler evaluates every name and condition as Azure would, except what
/// only Azure knows, such as the id of an identity.
/// </summary>
internal sealed class Deployment(JsonArray resources)
{
    public const string Subscription = "00000000-0000-0000-0000-000000000001";

    /// <summary>An event producer of every deployment here.</summary>
    public const string Producer = "00000000-0000-0000-0000-0000000000aa";

    private static readonly ConcurrentDictionary<(string, string, string, string), Lazy<Task<Deployment>>> Predicted = new();

    public IReadOnlyList<JsonObject> Resources { get; } = [.. resources.Select(static resource => resource!.AsObject())];

    /// <summary>What a deployment with these parameters would make; the same ones are predicted once.</summary>
    /// <param name="environment">The environment's name.</param>
    /// <param name="subscription">The subscription's id.</param>
    /// <param name="more">More parameters, as lines of a .bicepparam file.</param>
    /// <param name="producers">The event producers, as the items of an array in Bicep.</param>
    public static Task<Deployment> PredictAsync(
        string environment = "test", string subscription = Subscription, string more = "", string producers = $"'{Producer}'") =>
        Predicted.GetOrAdd((environment, subscription, more, producers), static key => new Lazy<Task<Deployment>>(() => RunAsync(key))).Value;

    private static async Task<Deployment> RunAsync((string Environment, string Subscription, string More, string Producers) key)
    {
        using var folder = new TempFolder();
        var parameters = folder.Combine("test.bicepparam");
        await File.WriteAllTextAsync(
            parameters,
            $"""
            using '{Path.GetRelativePath(folder.FullPath, Repository.PathOf("infra/main.bicep"))}'
            param environmentName = '{key.Environment}'
            param location = 'westeurope'
            param authAudience = '6d9b1c2e-0f63-4a7b-9a55-3c1f0f1a2b3c'
            param producerPrincipalIds = [{key.Producers}]
            {key.More}
            """);

        var run = await Bicep.RunAsync(
            "snapshot", parameters, "--mode", "overwrite", "--location", "westeurope", "--subscription-id", key.Subscription, "--tenant-id", "00000000-0000-0000-0000-000000000002");
        Assert.True(run.ExitCode == 0, run.Errors);
        var snapshot = JsonNode.Parse(await File.ReadAllTextAsync(folder.Combine("test.snapshot.json")))!;
        return new Deployment(snapshot["predictedResources"]!.AsArray());
    }

    public IEnumerable<JsonObject> OfType(string type) => Resources.Where(resource => TypeOf(resource) == type);

    public JsonObject Single(string type) => OfType(type).Single();

    public static string TypeOf(JsonObject resource) => resource["type"]!.GetValue<string>();

    public static string NameOf(JsonObject resource) => resource["name"]!.GetValue<string>();

    public static JsonNode PropertiesOf(JsonObject resource) => resource["properties"]!;
}
