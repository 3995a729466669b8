using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Architecture;

/// <summary>The threat model names what holds each border, so that nobody relies on a test that is gone.</summary>
public sealed partial class ThreatModelTests
{
    [Fact]
    public void Every_test_that_the_threat_model_names_exists()
    {
        var named = TestName().Matches(Repository.Read("docs/threat-model.md")).Select(static match => match.Groups[1].Value).ToHashSet();
        var there = Repository.Files("tests", "Tests.cs").SelectMany(static file => TestClass().Matches(Repository.Read(file))).Select(static match => match.Groups[1].Value).ToHashSet();

        Assert.NotEmpty(named);
        Assert.Empty(named.Except(there));
    }

    [Fact]
    public void Every_script_that_the_threat_model_names_exists() =>
        Assert.All(Script().Matches(Repository.Read("docs/threat-model.md")), static match => Assert.True(File.Exists(Repository.PathOf(match.Groups[1].Value)), match.Value));

    // A border without a letter of STRIDE, or a threat that nothing holds, would be a gap that nobody sees.
    [Fact]
    public void Every_threat_says_what_holds_it_or_where_that_is_written()
    {
        var threats = Repository.Read("docs/threat-model.md").Split('\n').Where(static line => Threat().IsMatch(line)).ToList();

        Assert.True(threats.Count > 30);
        Assert.All(threats, static line => Assert.True(Held().IsMatch(line), line));
    }

    [GeneratedRegex("`([A-Za-z0-9]+Tests)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"class ([A-Za-z0-9]+Tests)\b")]
    private static partial Regex TestClass();

    [GeneratedRegex(@"`(\.ci/[a-z-]+)`")]
    private static partial Regex Script();

    [GeneratedRegex(@"^\| [STRIDE](, [STRIDE])* \| ")]
    private static partial Regex Threat();

    [GeneratedRegex(@"`([A-Za-z0-9]+Tests|\.ci/[a-z-]+)`|\]\([a-z.-]+(#[a-z-]+)?\)")]
    private static partial Regex Held();
}
