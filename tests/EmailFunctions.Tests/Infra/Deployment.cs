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

    public IReadOnlyList<JsonObject> Resources { get; } = [.. resources.Select(static resource => resource!.AsObject())];

    public static async Task<Deployment> PredictAsync(string environment = "test", string subscription = Subscription, string more = "", string producers = $"'{Producer}'")
    {
        using var folder = new TempFolder();
        var parameters = folder.Combine("test.bicepparam");
        await File.WriteAllTextAsync(
            parameters,
            $"""
            using '{Path.GetRelativePath(folder.FullPath, Repository.PathOf("infra/main.bicep"))}'
            param environmentName = '{environment}'
            param location = 'westeurope'
            param authAudience = 'api://email'
            param producerPrincipalIds = [{producers}]
            {more}
            """,
            TestContext.Current.CancellationToken);

        var run = await Bicep.RunAsync(
            "snapshot", parameters, "--mode", "overwrite", "--location", "westeurope", "--subscription-id", subscription, "--tenant-id", "00000000-0000-0000-0000-000000000002");
        Assert.True(run.ExitCode == 0, run.Errors);
        var snapshot = JsonNode.Parse(await File.ReadAllTextAsync(folder.Combine("test.snapshot.json"), TestContext.Current.CancellationToken))!;
        return new Deployment(snapshot["predictedResources"]!.AsArray());
    }

    public IEnumerable<JsonObject> OfType(string type) => Resources.Where(resource => TypeOf(resource) == type);

    public JsonObject Single(string type) => OfType(type).Single();

    public static string TypeOf(JsonObject resource) => resource["type"]!.GetValue<string>();

    public static string NameOf(JsonObject resource) => resource["name"]!.GetValue<string>();

    public static JsonNode PropertiesOf(JsonObject resource) => resource["properties"]!;
}
