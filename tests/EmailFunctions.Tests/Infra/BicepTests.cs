using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>The files compile, without a warning, by the rules of infra/bicepconfig.json.</summary>
public sealed class BicepTests
{
    public static TheoryData<string> Files => [.. Repository.InfraFiles(".bicep"), .. Repository.InfraFiles(".bicepparam")];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_has_no_error_and_no_warning(string file) => (await Bicep.RunAsync("lint", file)).AssertClean();

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_is_formatted_as_the_compiler_does_it(string file)
    {
        var run = await Bicep.RunAsync("format", file, "--stdout", "--newline-kind", "LF", "--insert-final-newline");

        Assert.Equal(Repository.Read(file).TrimEnd('\n'), run.Output.TrimEnd('\n'));
    }

    [Fact]
    public async Task The_template_is_built_without_a_warning() =>
        (await Bicep.RunAsync("build", "infra/main.bicep", "--stdout")).AssertClean();

    [Theory]
    [InlineData("infra/dev.bicepparam")]
    [InlineData("infra/prod.bicepparam")]
    public async Task The_parameters_are_built_without_a_warning(string file) =>
        (await Bicep.RunAsync("build-params", file, "--stdout")).AssertClean();

    [Theory]
    [InlineData("param unused string", "no-unused-params")]
    [InlineData("param location string = 'westeurope'\noutput where string = location", "no-hardcoded-location")]
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
