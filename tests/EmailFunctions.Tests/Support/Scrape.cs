using System.Globalization;
using System.Text.RegularExpressions;

namespace EmailFunctions.Tests.Support;

/// <summary>What <c>/metrics</c> answered, read by rules of Prometheus' text format that this class has of its own.</summary>
internal sealed partial class Scrape
{
    private readonly List<(string Name, IReadOnlyDictionary<string, string> Labels, double Value)> _samples = [];

    private Scrape(string text)
    {
        Text = text;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                Types.Add(line.Split(' ')[2], line.Split(' ')[3]);
            else if (line.StartsWith("# HELP ", StringComparison.Ordinal))
                Helps.Add(line.Split(' ')[2]);
            else if (line[0] != '#')
                _samples.Add(Read(line));
        }
    }

    public string Text { get; }

    /// <summary>The kinds of the families, by name.</summary>
    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>The families that say what they are.</summary>
    public HashSet<string> Helps { get; } = new(StringComparer.Ordinal);

    public static async Task<Scrape> OfAsync(HttpClient client)
    {
        using var answer = await client.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return new Scrape(text);
    }

    /// <summary>The sum of the series of a name that have these labels, given as <c>name=value</c>; null: there is none.</summary>
    public double? Sum(string name, params string[] labels)
    {
        var found = _samples.Where(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Split('=')[0]) == label.Split('=')[1])).ToList();
        return found.Count == 0 ? null : found.Sum(static sample => sample.Value);
    }

    /// <summary>The values that a label has, in the series of a name.</summary>
    public IReadOnlyList<string> Values(string name, string label) =>
        [.. _samples.Where(sample => sample.Name == name).Select(sample => sample.Labels.GetValueOrDefault(label, "")).Distinct()];

    /// <summary>The names of the labels that the series of a family have.</summary>
    public IReadOnlyList<string> Labels(string family) =>
        [.. _samples.Where(sample => FamilyOf(sample.Name) == family).SelectMany(static sample => sample.Labels.Keys).Where(static name => name != "le").Distinct().Order(StringComparer.Ordinal)];

    private string FamilyOf(string name) =>
        Types.ContainsKey(name) ? name : Suffix().Replace(name, "");

    private static (string Name, IReadOnlyDictionary<string, string> Labels, double Value) Read(string line)
    {
        var match = Sample().Match(line);
        Assert.True(match.Success, line);
        var labels = Label().Matches(match.Groups["labels"].Value).ToDictionary(static label => label.Groups["name"].Value, static label => label.Groups["value"].Value, StringComparer.Ordinal);
        return (match.Groups["name"].Value, labels, double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("^(?<name>[a-z_:]+)(\\{(?<labels>.*)\\})? (?<value>[^ ]+)( [0-9]+)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Sample();

    [GeneratedRegex("(?<name>[a-z_]+)=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Label();

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Suffix();
}
