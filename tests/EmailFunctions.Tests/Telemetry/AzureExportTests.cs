using System.Text.Json.Nodes;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Telemetry;

/// <summary>What the service really sends to Azure Monitor, taken on loopback in that service's own format.</summary>
public sealed class AzureExportTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Metrics_have_their_names_dimensions_and_values_and_the_spans_of_a_message_are_one_trace()
    {
        await using var azure = await AzureMonitorSink.StartAsync();
        await using var sink = SmtpSink.Start(new SmtpSinkOptions
        {
            Fault = static context => context.Stage == SmtpStage.RcptTo && context.Command.Contains("nobody@", StringComparison.Ordinal) ? SmtpFault.Reply("550 5.1.1 no such user") : null,
        });
        using var folder = new TempFolder();
        using var service = await ServiceProcess.StartAsync(folder.FullPath, new Dictionary<string, string>(azure.Settings) { ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000" });
        await service.Client.UseSinkAsync("acme", sink.Port, ",\"cost_per_email_usd\":0.5");

        var sent = await SendAsync(service, """{"tenant_id":"acme","to":["a@example.com","b@example.com"],"subject":"s","body":"b"}""", TraceId);
        var refused = await SendAsync(service, """{"tenant_id":"acme","to":["nobody@example.com"],"subject":"s","body":"b"}""", null);
        await service.Client.WaitForStatusAsync(sent, "sent");
        await service.Client.WaitForStatusAsync(refused, "failed");
        // While it runs, and not only when it stops: what a process that is killed can lose is bounded by this.
        await UntilAsync(() => azure.Points.Any(static point => point.Is("email_delivery_total", "provider=smtp", "tenant_id=acme", "status=success")));
        await service.StopAsync();

        AssertMetrics(azure);
        AssertSpans(azure, sent);
        var log = Assert.Single(azure.Items("MessageData"), static item => item["data"]!["baseData"]!["message"]!.GetValue<string>().Contains("was not sent", StringComparison.Ordinal));
        Assert.Contains(refused, log["data"]!["baseData"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(32, Tag(log, "ai.operation.id").Length);
        Assert.Empty(azure.Strays);
    }

    private static void AssertMetrics(AzureMonitorSink azure)
    {
        var points = azure.Points.Where(static point => point.Name != "_OTELRESOURCE_").ToList();
        Assert.Equal(1, Sum("email_delivery_total", "provider=smtp", "tenant_id=acme", "status=success"));
        Assert.Equal(1, Sum("email_delivery_total", "provider=smtp", "tenant_id=acme", "status=failed"));
        Assert.Equal(2, Sum("email_recipients_total", "provider=smtp", "tenant_id=acme"));
        Assert.Equal(1, Sum("email_cost_usd_total", "provider=smtp", "tenant_id=acme"));
        Assert.Equal(1, Sum("email_provider_errors_total", "provider=smtp", "tenant_id=acme", "error_category=recipient"));
        Assert.All(points.Where(static point => point.Name == "email_provider_health"), static point => Assert.True(point.Is("email_provider_health", "provider=smtp", "tenant_id=acme") && point.Value == 1));
        // Counts, sums and extremes are all that is left of a histogram.
        var calls = points.Where(static point => point.Is("email_delivery_duration_seconds", "provider=smtp")).ToList();
        Assert.Equal(2, calls.Sum(static point => point.Count));
        Assert.All(calls, static point => Assert.Superset(new HashSet<string> { "count", "min", "max" }, point.Fields.ToHashSet()));
        Assert.All(points, static point => Assert.StartsWith("email_", point.Name, StringComparison.Ordinal));

        double Sum(string name, params string[] dimensions) => points.Where(point => point.Is(name, dimensions)).Sum(static point => point.Value);
    }

    private static void AssertSpans(AzureMonitorSink azure, string messageId)
    {
        var request = Assert.Single(azure.Items("RequestData"), static item => Tag(item, "ai.operation.id") == TraceId && Name(item) == "POST /api/v1/email/send");
        var process = Assert.Single(azure.Items("RequestData"), item => Name(item) == "process email-dispatch" && Property(item, "messaging.message.id") == messageId);
        var call = Assert.Single(azure.Items("RemoteDependencyData"), static item => Tag(item, "ai.operation.id") == TraceId);

        Assert.Equal((TraceId, Id(request)), (Tag(process, "ai.operation.id"), Tag(process, "ai.operation.parentId")));
        Assert.Equal(("send smtp", Id(process)), (Name(call), Tag(call, "ai.operation.parentId")));
        Assert.Equal("Sent", Property(call, "provider.status"));
        var failed = Assert.Single(azure.Items("RemoteDependencyData"), static item => Tag(item, "ai.operation.id") != TraceId);
        Assert.Equal(("550", "recipient"), (Property(failed, "provider.answer_code"), Property(failed, "error.type")));
        Assert.False(failed["data"]!["baseData"]!["success"]!.GetValue<bool>());
    }

    private static string Tag(JsonObject item, string name) => item["tags"]![name]?.GetValue<string>() ?? "";

    private static string Name(JsonObject item) => item["data"]!["baseData"]!["name"]!.GetValue<string>();

    private static string Id(JsonObject item) => item["data"]!["baseData"]!["id"]!.GetValue<string>();

    private static string? Property(JsonObject item, string name) => item["data"]!["baseData"]!["properties"]?[name]?.GetValue<string>();

    private static async Task<string> SendAsync(ServiceProcess service, string json, string? traceId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/email/send") { Content = ServiceHost.Json(json) };
        if (traceId is not null)
            request.Headers.Add("traceparent", $"00-{traceId}-b7ad6b7169203331-01");
        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["message_id"]!.GetValue<string>();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 600, "What was waited for did not come.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
