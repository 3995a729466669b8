using System.Text;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Telemetry;

/// <summary>Telemetry for any OpenTelemetry collector, by the standard's own variables.</summary>
public sealed class OtlpExportTests
{
    [Fact]
    public async Task Metrics_spans_and_logs_go_where_the_standard_variables_say()
    {
        await using var collector = await VendorServer.StartAsync(static _ => VendorReply.Answer(200, "", ("Content-Type", "application/x-protobuf")));
        using var folder = new TempFolder();
        using var service = await ServiceProcess.StartAsync(folder.FullPath, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment=test",
        });
        var id = await service.Client.AcceptAsync("""{"to":["a@example.com"],"subject":"s","body":"b"}""");
        await service.Client.WaitForStatusAsync(id, "sent");

        // While it runs.
        for (var tries = 0; !Sent(collector, "/v1/metrics").Contains("email_delivery_total", StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 600, "No metrics came.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        await service.StopAsync();
        Assert.Contains("email-functions", Sent(collector, "/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("deployment.environment", Sent(collector, "/v1/metrics"), StringComparison.Ordinal);
        Assert.All(["POST /api/v1/email/send", "process email-dispatch", "send file", id], name => Assert.Contains(name, Sent(collector, "/v1/traces"), StringComparison.Ordinal));
        Assert.Contains("Listening on", Sent(collector, "/v1/logs"), StringComparison.Ordinal);
    }

    // The texts within protocol buffers are as they are.
    private static string Sent(VendorServer collector, string path) =>
        string.Concat(collector.Requests.Where(request => request.Target == path).Select(static request => Encoding.Latin1.GetString(request.Body)));
}
