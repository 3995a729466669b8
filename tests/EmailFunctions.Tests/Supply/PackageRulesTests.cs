using System.Diagnostics;
using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Supply;

/// <summary>What a restore takes, and what it fails for: on a desk as little as can be, in CI and for a deployment anything else than what was tested.</summary>
public sealed partial class PackageRulesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    // Packages that these tests are built with, so that nothing has to be loaded.
    private static readonly Dictionary<string, int> Severities = new() { ["Polly.Core"] = 0, ["FluentValidation"] = 1, ["MailKit"] = 2, ["AMQPNetLite"] = 3 };

    private readonly TempFolder _folder = new();

    public PackageRulesTests()
    {
        foreach (var file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
            File.Copy(Repository.PathOf(file), _folder.Combine(file));
        var references = string.Concat(Severities.Keys.Select(static package => $"<PackageReference Include=\"{package}\" />"));
        File.WriteAllText(_folder.Combine("some.csproj"), $"<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup>{references}</ItemGroup></Project>");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_advisory_of_any_severity_and_a_source_without_any_only_warn()
    {
        await using var source = await AdvisorySource.StartAsync(Severities);
        await File.WriteAllTextAsync(_folder.Combine("nuget.config"), source.NuGetConfig, TestContext.Current.CancellationToken);

        var (exitCode, output) = await RunAsync(["restore"]);
        var (strictExitCode, _) = await RunAsync(["restore", "--force", "-p:WarningsNotAsErrors="]);

        Assert.Equal(["NU1901", "NU1902", "NU1903", "NU1904", "NU1905"], Warning().Matches(output).Select(static match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(0, exitCode);
        // Without the exception they would have been errors.
        Assert.NotEqual(0, strictExitCode);
    }

    [Fact]
    public async Task A_lock_file_that_does_not_fit_is_not_looked_at_on_a_desk_and_fails_in_CI()
    {
        Assert.Equal(0, (await RunAsync(["restore", "-p:RestorePackagesWithLockFile=true"])).ExitCode);
        var locked = await File.ReadAllTextAsync(_folder.Combine("packages.lock.json"), TestContext.Current.CancellationToken);
        Assert.Equal(0, (await RunAsync(["restore", "--force"], ("CI", "true"))).ExitCode);
        var changed = Resolved().Replace(locked, "\"resolved\": \"0.0.1\"");
        await File.WriteAllTextAsync(_folder.Combine("packages.lock.json"), changed, TestContext.Current.CancellationToken);

        var (onDesk, output) = await RunAsync(["restore", "--force"]);
        var (inCI, _) = await RunAsync(["restore", "--force"], ("CI", "true"));

        Assert.True(onDesk == 0, output);
        Assert.NotEqual(0, inCI);
        Assert.Equal(changed, await File.ReadAllTextAsync(_folder.Combine("packages.lock.json"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("-p:PublishProfile=Functions", "true")]
    [InlineData("-p:PublishProfile=Functions -p:RuntimeIdentifier=osx-arm64", "")]
    [InlineData("-p:PublishProfile=Functions -p:RestoreLockedMode=false", "false")]
    public async Task A_publish_for_Azure_is_held_to_the_lock_files(string properties, string expected)
    {
        var project = Repository.PathOf("src/EmailFunctions/EmailFunctions.csproj");

        var (_, output) = await RunAsync(["msbuild", project, "-getProperty:RestoreLockedMode", .. properties.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(expected, output.Trim());
    }

    [Fact]
    public void Every_project_has_a_lock_file_and_none_names_where_packages_came_from()
    {
        string[] projects = [.. new[] { "src", "tests", "perf" }.SelectMany(static folder => Repository.Files(folder, ".csproj")).Where(static file => !file.Contains("/obj/", StringComparison.Ordinal))];

        Assert.NotEmpty(projects);
        Assert.All(projects, static project => Assert.DoesNotContain("://", Repository.Read(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")), StringComparison.Ordinal));
        Assert.DoesNotContain("\"resolved\"", Repository.Read(".ci/tools/package-lock.json"), StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string[] arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = _folder.FullPath, RedirectStandardOutput = true };
        // As on a desk, wherever the tests run.
        foreach (var name in new[] { "CI", "RestoreLockedMode", "RestorePackagesWithLockFile" })
            start.Environment.Remove(name);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        return (process.ExitCode, await output);
    }

    [GeneratedRegex(@"warning (NU19\d\d)")]
    private static partial Regex Warning();

    [GeneratedRegex("\"resolved\": \"[^\"]*\"")]
    private static partial Regex Resolved();
}
