using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>The files compile, without a warning, by the rules of infra/bicepconfig.json.</summary>
public sealed class BicepTests
{
    private const string All = "infra/**/*.bicep*";

    [Fact]
    public async Task No_file_has_an_error_or_a_warning() => (await Bicep.RunAsync("lint", "--pattern", All)).AssertClean();

    [Fact]
    public async Task The_template_is_built_without_a_warning() => (await Bicep.BuildAsync()).AssertClean();

    [Fact]
    public async Task The_files_are_formatted_as_the_compiler_does_it()
    {
        using var folder = new TempFolder();
        string[] files = [.. Repository.Files("infra", ".bicep"), .. Repository.Files("infra", ".bicepparam")];
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.Combine(file))!);
            File.Copy(Repository.PathOf(file), folder.Combine(file));
        }

        (await Bicep.RunAsync("format", "--pattern", folder.Combine(All), "--newline-kind", "LF", "--insert-final-newline")).AssertClean();

        foreach (var file in files)
            Assert.Equal(Repository.Read(file), await File.ReadAllTextAsync(folder.Combine(file), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("infra/dev.bicepparam")]
    [InlineData("infra/prod.bicepparam")]
    public async Task The_parameters_are_built_without_a_warning(string file) =>
        (await Bicep.RunAsync("build-params", file, "--stdout")).AssertClean();

    [Theory]
    [InlineData("param unused string", "no-unused-params")]
    [InlineData("resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {\n  name: 'x'\n  location: 'westeurope'\n}", "no-hardcoded-location")]
    [InlineData("@secure()\nparam secret string = 'x'\noutput leaked string = secret", "outputs-should-not-contain-secrets")]
    public async Task The_rules_find_what_they_should(string source, string rule)
    {
        using var folder = new TempFolder();
        var file = folder.Combine("bad.bicep");
        await File.WriteAllTextAsync(file, source, TestContext.Current.CancellationToken);

        var run = await Bicep.RunAsync("lint", file, "--config", "infra/bicepconfig.json");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"Error {rule}", run.Errors, StringComparison.Ordinal);
    }
}
