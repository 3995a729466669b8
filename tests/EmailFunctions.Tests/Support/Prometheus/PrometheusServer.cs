using System.Globalization;
using System.Text.Json.Nodes;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// Prometheus, which scrapes one address every ten seconds, on a port and in a folder of its own. A scrape has its default time to come back: within
/// a second a service may not answer that shares a busy machine, and a scrape that fails hides all series until the next.
/// </summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private const string Program = "/usr/bin/prometheus";

    private readonly TempFolder _folder = new();
    private readonly HttpClient _client = new();
    private BrokerProcess? _process;

    /// <summary>Null where it can be started, else what is missing and how to get it.</summary>
    public static string? WhyUnavailable() =>
        File.Exists(Program) ? null : "Prometheus is not installed: apt-get update && apt-get install -y --no-install-recommends prometheus";

    /// <summary>Starts it.</summary>
    /// <param name="target">The port on this machine that it scrapes.</param>
    /// <param name="rules">The path of a file of rules, which it evaluates every second.</param>
    public static async Task<PrometheusServer> StartAsync(int target, string rules)
    {
        var server = new PrometheusServer();
        try
        {
            await server.StartOnceAsync(target, rules);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks a query of now; returns the value of each series by its labels, written <c>name=value</c> with commas between them.</summary>
    public async Task<IReadOnlyDictionary<string, double>> QueryAsync(string query)
    {
        var answer = await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}");
        return answer["data"]!["result"]!.AsArray().ToDictionary(
            static series => string.Join(',', series!["metric"]!.AsObject().Where(static label => label.Key != "__name__").OrderBy(static label => label.Key, StringComparer.Ordinal).Select(static label => $"{label.Key}={label.Value}")),
            static series => double.Parse(series!["value"]![1]!.GetValue<string>(), CultureInfo.InvariantCulture));
    }

    /// <summary>Reads an address of its API; fails unless the answer is a success.</summary>
    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {body}");
        return JsonNode.Parse(body)!;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null)
            await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartOnceAsync(int target, string rules)
    {
        var port = BrokerProcess.FreePort();
        _client.BaseAddress = new Uri($"http://127.0.0.1:{port}");
        await File.WriteAllTextAsync(
            _folder.Combine("prometheus.yml"),
            $"""
            global:
              scrape_interval: 10s
              scrape_timeout: 10s
              evaluation_interval: 1s
            rule_files: ['{rules}']
            scrape_configs:
              - job_name: email
                static_configs:
                  - targets: ['127.0.0.1:{target}']
            """,
            TestContext.Current.CancellationToken);
        string[] command =
        [
            Program, $"--config.file={_folder.Combine("prometheus.yml")}", $"--storage.tsdb.path={_folder.Combine("data")}", $"--web.listen-address=127.0.0.1:{port}",
        ];
        _process = await BrokerProcess.StartAsync(_folder.FullPath, command, [], port, "Server is ready to receive web requests.", TestContext.Current.CancellationToken);
    }
}
