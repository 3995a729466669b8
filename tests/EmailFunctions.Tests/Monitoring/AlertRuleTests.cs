using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Monitoring;

/// <summary>The alert rules for Prometheus, judged by its own tool.</summary>
public sealed partial class AlertRuleTests
{
    private const string Rules = "infra/monitoring/prometheus/alerts.yml";

    [Fact]
    public async Task The_rules_are_valid()
    {
        var (exitCode, output) = await PromTool.RunAsync("", "check", "rules", Repository.PathOf(Rules));

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task Each_alert_fires_on_data_that_should_fire_it_and_is_silent_on_data_that_should_not()
    {
        var (exitCode, output) = await PromTool.RunAsync("", "test", "rules", Repository.PathOf("infra/monitoring/prometheus/alerts_test.yml"));

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void Each_alert_is_seen_to_fire_in_the_tests()
    {
        var fired = Fired().Matches(Repository.Read("infra/monitoring/prometheus/alerts_test.yml")).Select(static match => match.Groups["name"].Value).Distinct();

        Assert.Equal(Alerts().Select(static alert => alert.Name).Order(StringComparer.Ordinal), fired.Order(StringComparer.Ordinal));
    }

    [Fact]
    public Task Each_metric_is_one_of_the_running_service() => MetricNames.AssertAreScrapedAsync(Repository.Read(Rules));

    [Fact]
    public void Each_alert_says_what_it_is_what_to_do_and_where_that_is_described()
    {
        var described = Repository.Read("docs/alerts.md");

        Assert.Equal(8, Alerts().Count);
        foreach (var (name, text) in Alerts())
        {
            Assert.Matches(@"severity: (critical|warning)\n", text);
            Assert.Matches("summary: \"[^\"]{10,}\"\n", text);
            Assert.Matches(@"description: >-\n( {12}\S.*\n){2,}", text);
            Assert.Contains($"runbook_url: docs/alerts.md#{name.ToLowerInvariant()}\n", text, StringComparison.Ordinal);
            Assert.Contains($"\n## {name}\n", described, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_scrape_with_every_metric_in_it_has_nothing_that_Prometheus_would_have_otherwise()
    {
        var (exitCode, output) = await PromTool.RunAsync((await FullScrape.GetAsync()).Text, "check", "metrics");

        Assert.True(exitCode == 0, output);
    }

    private static List<(string Name, string Text)> Alerts() =>
        [.. Alert().Matches(Repository.Read(Rules)).Select(static match => (match.Groups["name"].Value, match.Value))];

    [GeneratedRegex(@"- alert: (?<name>\w+)\n(?:(?!      - alert:).*\n)*", RegexOptions.ExplicitCapture)]
    private static partial Regex Alert();

    [GeneratedRegex("ALERTS\\{alertname=\"(?<name>\\w+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Fired();
}
