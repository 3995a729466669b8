using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// Takes what the Azure Monitor exporter sends, as its ingestion endpoint does (PLATFORM-FACTS.md section 12), and notices whoever tries to reach
/// another host: the process is told to go there by a proxy, which is this one's.
/// </summary>
internal sealed class AzureMonitorSink : IAsyncDisposable
{
    private readonly VendorServer _server;
    private readonly VendorServer _proxy;

    private AzureMonitorSink(VendorServer server, VendorServer proxy) => (_server, _proxy) = (server, proxy);

    /// <summary>The environment that lets a process send here.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = $"InstrumentationKey={Guid.Empty};IngestionEndpoint={_server.Address}",
        ["APPLICATIONINSIGHTS_STATSBEAT_DISABLED"] = "true",
        ["APPLICATIONINSIGHTS_SDKSTATS_DISABLED_ALL"] = "true",
        // As in Azure; without it the exporter asks a virtual machine's metadata where it runs.
        ["FUNCTIONS_WORKER_RUNTIME"] = "custom",
        // Of all traces, not of some.
        ["OTEL_TRACES_SAMPLER"] = "microsoft.fixed_percentage",
        ["OTEL_TRACES_SAMPLER_ARG"] = "1",
        ["HTTP_PROXY"] = _proxy.Address.ToString(),
        ["HTTPS_PROXY"] = _proxy.Address.ToString(),
        ["NO_PROXY"] = "127.0.0.1,localhost",
    };

    /// <summary>All that was sent, as text.</summary>
    public string Text => string.Join('\n', _server.Requests.Select(TextOf));

    /// <summary>What was asked of other hosts.</summary>
    public IReadOnlyList<string> Strays => [.. _proxy.Requests.Select(static request => $"{request.Method} {request.Target} {request.Header("Host")}")];

    /// <summary>The items that were sent, by their base type (<c>MetricData</c>, <c>RequestData</c>, <c>RemoteDependencyData</c>, <c>MessageData</c>).</summary>
    public IReadOnlyList<JsonObject> Items(string baseType) =>
    [
        .. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!.AsObject())
            .Where(item => item["data"]!["baseType"]!.GetValue<string>() == baseType),
    ];

    /// <summary>The points of metrics.</summary>
    public IReadOnlyList<MetricPoint> Points =>
    [
        .. from item in Items("MetricData")
           let data = item["data"]!["baseData"]!
           let metric = data["metrics"]![0]!
           select new MetricPoint(
               metric["name"]!.GetValue<string>(),
               data["properties"]?.AsObject().ToDictionary(static pair => pair.Key, static pair => pair.Value!.GetValue<string>()) ?? [],
               metric["value"]!.GetValue<double>(),
               metric["count"]?.GetValue<int>(),
               metric.AsObject().Select(static pair => pair.Key).ToHashSet()),
    ];

    public static async Task<AzureMonitorSink> StartAsync() => new(
        await VendorServer.StartAsync(static request => VendorReply.Answer(200, """{"itemsReceived":1,"itemsAccepted":1,"errors":[]}""", ("Content-Type", "application/json"))),
        await VendorServer.StartAsync(static _ => VendorReply.Answer(403)));

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    private static string TextOf(VendorRequest request)
    {
        Assert.Equal("/v2.1/track", request.Target);
        if (request.Header("Content-Encoding") != "gzip")
            return request.Text;
        using var reader = new StreamReader(new GZipStream(new MemoryStream(request.Body), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }
}

/// <summary>A point of a metric, as Azure Monitor gets it.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Dimensions">Its labels.</param>
/// <param name="Value">A counter's growth, a gauge's value, a histogram's sum.</param>
/// <param name="Count">Of a histogram.</param>
/// <param name="Fields">What else the point has.</param>
internal sealed record MetricPoint(string Name, IReadOnlyDictionary<string, string> Dimensions, double Value, int? Count, IReadOnlySet<string> Fields)
{
    /// <summary>Whether it has these dimensions and no other, given as <c>name=value</c>.</summary>
    public bool Is(string name, params string[] dimensions) =>
        Name == name && Dimensions.Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}={pair.Value}")).Order(StringComparer.Ordinal).SequenceEqual(dimensions.Order(StringComparer.Ordinal));
}
