using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>What azd reads fits to what it finds.</summary>
public sealed partial class AzdTests
{
    private static readonly Dictionary<string, string> Outputs = new()
    {
        ["AZURE_RESOURCE_GROUP"] = "rg-test-email",
        ["SERVICE_EMAIL_NAME"] = "func-email-test",
        ["SERVICE_EMAIL_URI"] = "https://func-email-test.azurewebsites.net",
        ["SERVICE_BUS_HOST"] = "sbns-email-test.servicebus.windows.net",
        ["EMAIL_AUTH_AUDIENCE"] = "6d9b1c2e-0f63-4a7b-9a55-3c1f0f1a2b3c",
    };

    public static TheoryData<string> Hooks => [.. Repository.Files("infra", ".sh").Select(static file => Path.GetFileNameWithoutExtension(file))];

    [Fact]
    public void The_folder_that_is_deployed_is_the_one_that_publishing_stages()
    {
        var azd = Repository.Read("azure.yaml");
        var profile = Repository.Read("src/EmailFunctions/Properties/PublishProfiles/Functions.pubxml");

        Assert.Contains("dist: artifacts/functions\n", azd, StringComparison.Ordinal);
        Assert.Contains("artifacts/functions/</PublishDir>", profile, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(azd, "dotnet publish src/EmailFunctions -p:PublishProfile=Functions"));
    }

    [Fact]
    public void Every_hook_that_is_named_is_there()
    {
        var named = Hook().Matches(Repository.Read("azure.yaml")).Select(static match => match.Value).ToList();

        Assert.Equal([.. Repository.Files("infra", ".ps1"), .. Repository.Files("infra", ".sh")], named.Order(StringComparer.Ordinal).OrderBy(Path.GetExtension, StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_parameters_of_azd_are_those_of_the_template_and_all_that_it_requires()
    {
        var declared = JsonNode.Parse((await Bicep.BuildAsync()).Output)!["parameters"]!.AsObject();
        var given = JsonNode.Parse(Repository.Read("infra/main.parameters.json"))!["parameters"]!.AsObject().Select(static parameter => parameter.Key).ToList();

        Assert.Empty(given.Except(declared.Select(static parameter => parameter.Key)));
        Assert.Empty(declared.Where(static parameter => parameter.Value!["defaultValue"] is null).Select(static parameter => parameter.Key).Except(given));
        Assert.All(declared, static parameter => Assert.True(parameter.Value!["metadata"]?["description"] is not null, $"{parameter.Key} has no description."));
    }

    [Fact]
    public async Task The_outputs_that_hooks_read_are_those_of_the_template()
    {
        var outputs = JsonNode.Parse((await Bicep.BuildAsync()).Output)!["outputs"]!.AsObject().Select(static output => output.Key);

        Assert.Equal(Outputs.Keys.Order(StringComparer.Ordinal), outputs.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Hooks))]
    public void A_hook_reads_the_same_on_both_kinds_of_system(string hook) =>
        Assert.Equal(
            ShVariable().Matches(Repository.Read($"infra/hooks/{hook}.sh")).Select(static match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal),
            PsVariable().Matches(Repository.Read($"infra/hooks/{hook}.ps1")).Select(static match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("postprovision", "https://func-email-test.azurewebsites.net", "sbns-email-test.servicebus.windows.net, queue email-in")]
    [InlineData("postdeploy", "curl -s https://func-email-test.azurewebsites.net/health", "--scope '6d9b1c2e-0f63-4a7b-9a55-3c1f0f1a2b3c/.default'", "-H \"Authorization: Bearer $TOKEN\"")]
    public async Task A_hook_prints_the_addresses_and_the_next_call(string hook, params string[] expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has the PowerShell hooks.");

        var (exitCode, output) = await RunAsync(hook, Outputs);

        Assert.Equal(0, exitCode);
        Assert.All(expected, text => Assert.Contains(text, output, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Hooks))]
    public async Task A_hook_without_what_azd_sets_fails(string hook)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has the PowerShell hooks.");

        var (exitCode, _) = await RunAsync(hook, new Dictionary<string, string>());

        Assert.NotEqual(0, exitCode);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string hook, Dictionary<string, string> variables)
    {
        var start = new ProcessStartInfo("sh", [$"infra/hooks/{hook}.sh"]) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in Outputs.Keys)
            start.Environment.Remove(name);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }

    [GeneratedRegex(@"infra/hooks/[a-z]+\.(sh|ps1)")]
    private static partial Regex Hook();

    [GeneratedRegex(@"\$\{([A-Z_]+)\}")]
    private static partial Regex ShVariable();

    [GeneratedRegex(@"\$env:([A-Z_]+)")]
    private static partial Regex PsVariable();
}
