using System.Text.RegularExpressions;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Monitoring;

/// <summary>The metrics that files for Prometheus, Grafana and Azure Monitor name.</summary>
internal static partial class MetricNames
{
    /// <summary>What a text names; each metric begins with <c>email_</c>, and nothing else in these files does.</summary>
    public static IReadOnlySet<string> In(string text) => Name().Matches(text).Select(static match => match.Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>Fails with those that the running service does not have.</summary>
    /// <param name="text">The file, or its queries.</param>
    /// <param name="hasBuckets">Whether histograms have their series there; else they go by their own name.</param>
    public static async Task AssertAreScrapedAsync(string text, bool hasBuckets = true)
    {
        var scrape = await FullScrape.GetAsync();
        var named = In(text);

        Assert.NotEmpty(named);
        Assert.Equal("", string.Join(", ", named.Where(name => hasBuckets ? scrape.Sum(name) is null : !scrape.Types.ContainsKey(name))));
    }

    [GeneratedRegex(@"\bemail_[a-z_]+")]
    private static partial Regex Name();
}
