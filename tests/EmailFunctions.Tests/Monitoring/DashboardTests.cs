using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Monitoring;

/// <summary>The dashboards for Grafana: they can be imported, and ask for what is there.</summary>
public sealed partial class DashboardTests
{
    private const int Columns = 24;

    private static readonly string[] PanelTypes = ["row", "stat", "timeseries", "bargauge", "state-timeline"];

    public static TheoryData<string> Files => [.. Repository.Files("infra/monitoring/grafana", ".json")];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_dashboard_has_what_an_import_needs(string file)
    {
        var dashboard = Read(file);

        Assert.Matches("^[a-zA-Z0-9_-]{1,40}$", dashboard["uid"]!.GetValue<string>());
        Assert.NotEmpty(dashboard["title"]!.GetValue<string>());
        // Of Grafana 10.4; later ones bring it to theirs.
        Assert.Equal(39, dashboard["schemaVersion"]!.GetValue<int>());
        // The import gives it one; one of another Grafana would be taken for a dashboard that is there.
        Assert.Null(dashboard["id"]);
        Assert.Equal("datasource", dashboard["templating"]!["list"]!.AsArray().Single(static variable => variable!["name"]!.GetValue<string>() == "datasource")!["type"]!.GetValue<string>());
    }

    [Fact]
    public void Dashboards_differ_by_their_uids()
    {
        var uids = Files.Select(static row => Read(row.Data)["uid"]!.GetValue<string>()).ToList();

        Assert.NotEmpty(uids);
        Assert.Equal(uids.Count, uids.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Panels_have_ids_of_their_own_a_title_a_description_and_a_place_that_no_other_has(string file)
    {
        var panels = Read(file)["panels"]!.AsArray().Select(static panel => panel!.AsObject()).ToList();

        Assert.Equal(panels.Count, panels.Select(static panel => panel["id"]!.GetValue<int>()).Distinct().Count());
        var taken = new HashSet<(int, int)>();
        foreach (var panel in panels)
        {
            var type = panel["type"]!.GetValue<string>();
            Assert.Contains(type, PanelTypes);
            Assert.NotEmpty(panel["title"]!.GetValue<string>());
            Assert.True(type == "row" || panel["description"]!.GetValue<string>().Length > 0, panel["title"]!.GetValue<string>());
            var place = panel["gridPos"]!;
            var (left, top) = (place["x"]!.GetValue<int>(), place["y"]!.GetValue<int>());
            for (var x = left; x < left + place["w"]!.GetValue<int>(); x++)
            {
                Assert.InRange(x, 0, Columns - 1);
                for (var y = top; y < top + place["h"]!.GetValue<int>(); y++)
                    Assert.True(taken.Add((x, y)), $"{panel["title"]} lies upon another panel.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Queries_ask_the_data_source_that_is_chosen(string file)
    {
        foreach (var panel in Read(file)["panels"]!.AsArray().Where(static panel => panel!["type"]!.GetValue<string>() != "row"))
        {
            var targets = panel!["targets"]!.AsArray();
            Assert.NotEmpty(targets);
            Assert.Equal(targets.Count, targets.Select(static target => target!["refId"]!.GetValue<string>()).Distinct().Count());
            Assert.All([panel, .. targets], static asks => Assert.Equal("${datasource}", asks!["datasource"]!["uid"]!.GetValue<string>()));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public Task Each_metric_is_one_of_the_running_service(string file) =>
        MetricNames.AssertAreScrapedAsync(string.Join('\n', [.. Queries(file), Read(file)["templating"]!.ToJsonString()]));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Each_query_is_PromQL(string file)
    {
        using var folder = new TempFolder();
        var rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        foreach (var query in Queries(file))
            rules.Append("      - record: x\n        expr: ").Append(JsonValue.Create(Filled(query))!.ToJsonString()).Append("\n        labels: { n: '").Append(rules.Length).Append("' }\n");
        await File.WriteAllTextAsync(folder.Combine("rules.yml"), rules.ToString(), TestContext.Current.CancellationToken);

        var (exitCode, output) = await PromTool.RunAsync("", "check", "rules", folder.Combine("rules.yml"));

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void What_operators_ask_for_is_on_a_dashboard()
    {
        var named = Files.SelectMany(static row => Queries(row.Data)).SelectMany(MetricNames.In).Select(static name => Suffix().Replace(name, "")).ToHashSet(StringComparer.Ordinal);

        Assert.Empty(MetricTests.Known.Select(static row => row.Data.Item1).Except(named));
    }

    private static JsonNode Read(string file) => JsonNode.Parse(Repository.Read(file))!;

    private static IEnumerable<string> Queries(string file) =>
        Read(file)["panels"]!.AsArray().SelectMany(static panel => panel!["targets"]?.AsArray() ?? []).Select(static target => target!["expr"]!.GetValue<string>());

    // As Grafana fills in its variables.
    private static string Filled(string query)
    {
        var filled = query.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$__range", "6h", StringComparison.Ordinal).Replace("$tenant", "acme|beta", StringComparison.Ordinal);
        Assert.DoesNotContain("$", filled, StringComparison.Ordinal);
        return filled;
    }

    [GeneratedRegex("_(bucket|count|sum)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Suffix();
}
