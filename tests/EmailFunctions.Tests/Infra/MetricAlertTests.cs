using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Queueing;
using EmailFunctions.Tests.Monitoring;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>The alert rules and the workbook in Azure: the same alerts as for Prometheus, on metrics and labels that are there.</summary>
public sealed partial class MetricAlertTests
{
    private const string Workbook = "infra/monitoring/azure/workbook.json";

    [Fact]
    public async Task The_alerts_are_those_of_Prometheus_and_as_severe()
    {
        var known = PrometheusAlert().Matches(Repository.Read("infra/monitoring/prometheus/alerts.yml"))
            .Select(static match => (match.Groups["name"].Value.ToLowerInvariant(), match.Groups["severity"].Value == "critical" ? 1 : 2));

        // Service Bus alone knows how long its queues are, and has an alert of its own for each.
        var rules = (await RulesAsync()).Select(static rule => (AnchorOf(rule), Deployment.PropertiesOf(rule)["severity"]!.GetValue<int>())).Append(("emailqueuestuck", 1));

        Assert.Equal(known.Order(), rules.Order());
    }

    [Fact]
    public async Task Each_alert_says_what_to_do_and_where_that_is_described()
    {
        foreach (var rule in await RulesAsync())
        {
            var description = Deployment.PropertiesOf(rule)["description"]!.GetValue<string>();
            Assert.True(description.Length > 100, description);
            Assert.EndsWith($" docs/alerts.md#{AnchorOf(rule)}", description, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("param alertEmail = 'operator@example.com'", 1)]
    public async Task Each_alert_tells_somebody_where_there_is_one(string parameter, int people)
    {
        var rules = await RulesAsync(parameter);

        Assert.Equal(7, rules.Count);
        Assert.All(rules, rule => Assert.Equal(people, Deployment.PropertiesOf(rule)["actions"]!["actionGroups"]!.AsArray().Count));
        Assert.All(rules, static rule => Assert.True(Deployment.PropertiesOf(rule)["enabled"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task Each_alert_asks_the_component_for_a_column_and_dimensions_that_its_query_brings()
    {
        foreach (var properties in (await RulesAsync()).Select(Deployment.PropertiesOf))
        {
            Assert.EndsWith(".outputs.insightsId.value]", Assert.Single(properties["scopes"]!.AsArray())!.GetValue<string>(), StringComparison.Ordinal);
            var criterion = properties["criteria"]!["allOf"]!.AsArray().Single()!;
            var query = criterion["query"]!.GetValue<string>();
            string[] columns = [criterion["metricMeasureColumn"]!.GetValue<string>(), .. criterion["dimensions"]!.AsArray().Select(static dimension => dimension!["name"]!.GetValue<string>())];
            Assert.All(columns, column => Assert.Matches($@"\b{column}( =|,|\n)", query));
            var periods = criterion["failingPeriods"]!["numberOfEvaluationPeriods"]!.GetValue<int>();
            Assert.Equal(periods, criterion["failingPeriods"]!["minFailingPeriodsToAlert"]!.GetValue<int>());
            // Of each period a row, where there are several; of one, no bin that begins with the clock.
            Assert.Equal(periods > 1, query.Contains("bin(timestamp, 5m)", StringComparison.Ordinal));
            Assert.True(periods == 1 || properties["windowSize"]!.GetValue<string>() == "PT5M");
        }
    }

    [Fact]
    public async Task A_queue_is_stuck_where_messages_are_due_and_none_is_completed()
    {
        var alerts = (await Deployment.PredictAsync(more: "param alertEmail = 'operator@example.com'")).OfType("Microsoft.Insights/metricAlerts")
            .Where(static alert => Deployment.NameOf(alert).StartsWith("email-queue-stuck-", StringComparison.Ordinal)).Select(Deployment.PropertiesOf).ToList();

        Assert.Equal([QueueNames.Dispatch, QueueNames.Ingest], alerts.Select(static alert => QueueOf(alert["criteria"]!["allOf"]![0]!)).Order(StringComparer.Ordinal));
        foreach (var alert in alerts)
        {
            var criteria = alert["criteria"]!["allOf"]!.AsArray();
            Assert.Equal(
                [("ActiveMessages", "Minimum", "GreaterThan", 0), ("CompleteMessage", "Total", "LessThanOrEqual", 0)],
                criteria.Select(static one => (one!["metricName"]!.GetValue<string>(), one["timeAggregation"]!.GetValue<string>(), one["operator"]!.GetValue<string>(), one["threshold"]!.GetValue<int>())));
            Assert.Equal(QueueOf(criteria[0]!), QueueOf(criteria[1]!));
            Assert.EndsWith(" docs/alerts.md#emailqueuestuck", alert["description"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Single(alert["actions"]!.AsArray());
        }
    }

    [Fact]
    public async Task Each_metric_and_label_of_an_alert_is_one_of_the_running_service()
    {
        foreach (var rule in await RulesAsync())
            await AssertIsThereAsync(Deployment.PropertiesOf(rule)["criteria"]!["allOf"]![0]!["query"]!.GetValue<string>());
    }

    [Fact]
    public async Task Each_metric_and_label_of_the_workbook_is_one_of_the_running_service_and_none_is_missing()
    {
        var queries = JsonNode.Parse(Repository.Read(Workbook))!["items"]!.AsArray().Where(static item => item!["type"]!.GetValue<int>() == 3).Select(static item => item!["content"]!["query"]!.GetValue<string>()).ToList();

        foreach (var query in queries)
            await AssertIsThereAsync(query);
        Assert.Empty(MetricTests.Known.Select(static row => row.Data.Item1).Except(queries.SelectMany(MetricNames.In)));
    }

    [Fact]
    public async Task The_workbook_is_that_of_the_component()
    {
        var properties = Deployment.PropertiesOf((await Deployment.PredictAsync()).Single("Microsoft.Insights/workbooks"));

        Assert.Contains("/Microsoft.Insights/components/", properties["sourceId"]!.GetValue<string>(), StringComparison.Ordinal);
        var data = JsonNode.Parse(properties["serializedData"]!.GetValue<string>())!;
        Assert.Equal("Notebook/1.0", data["version"]!.GetValue<string>());
        Assert.Equal(properties["sourceId"]!.GetValue<string>(), data["fallbackResourceIds"]![0]!.GetValue<string>());
        Assert.Equal(data["items"]!.AsArray().Count, data["items"]!.AsArray().Select(static item => item!["name"]!.GetValue<string>()).Distinct().Count());
    }

    private static async Task<IReadOnlyList<JsonObject>> RulesAsync(string more = "") =>
        [.. (await Deployment.PredictAsync(more: more)).OfType("Microsoft.Insights/scheduledQueryRules")];

    private static string QueueOf(JsonNode criterion) => criterion["dimensions"]![0]!["values"]!.AsArray().Single()!.GetValue<string>();

    private static string AnchorOf(JsonObject rule) => Deployment.PropertiesOf(rule)["displayName"]!.GetValue<string>().Replace("-", "", StringComparison.Ordinal);

    private static async Task AssertIsThereAsync(string query)
    {
        await MetricNames.AssertAreScrapedAsync(query, hasBuckets: false);
        var scrape = await FullScrape.GetAsync();
        var labels = MetricNames.In(query).SelectMany(scrape.Labels);
        Assert.Empty(Dimension().Matches(query).Select(static match => match.Groups["name"].Value).Except(labels));
    }

    [GeneratedRegex(@"- alert: (?<name>\w+)\n(?:(?!      - alert:).*\n)*?\s+severity: (?<severity>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex PrometheusAlert();

    [GeneratedRegex(@"customDimensions\.(?<name>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Dimension();
}
