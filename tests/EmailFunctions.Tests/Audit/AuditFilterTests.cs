using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Audit.AuditBench;

namespace EmailFunctions.Tests.Audit;

public sealed class AuditFilterTests
{
    private const string Path = "/api/v1/email/configs/acme/audit-logs";

    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", "5 4 3 2 1 0")]
    [InlineData("start_date=2026-11-20T12:00:02Z", "5 4 3 2")]
    [InlineData("end_date=2026-11-20T12:00:02Z", "1 0")]
    [InlineData("start_date=2026-11-20T12:00:01Z&end_date=2026-11-20T12:00:04Z", "3 2 1")]
    [InlineData("start_date=2026-11-20&end_date=2026-11-20", "5 4 3 2 1 0")]
    [InlineData("start_date=2026-11-21", "")]
    [InlineData("end_date=2026-11-19", "")]
    [InlineData("provider=smtp", "4 2 0")]
    [InlineData("provider=none", "5")]
    [InlineData("template_name=welcome", "3 0")]
    [InlineData("template_name=welcome&provider=file&start_date=2026-11-20T12:00:01Z&status=sent", "3")]
    public async Task Rows_are_found_by_period_provider_and_template(string query, string expected)
    {
        await using var bench = new DeliveryBench();
        await bench.WriteAsync(Enumerable.Range(0, 6).Select(static number => Row(
            DeliveryBench.Tenant, number, Noon.AddSeconds(number), provider: number == 5 ? "none" : number % 2 == 0 ? "smtp" : "file", template: number % 3 == 0 ? "welcome" : null)));

        Assert.Equal(expected, string.Join(' ', await NumbersAsync(bench, query)));
        Assert.Equal(expected, string.Join(' ', await ExportedAsync(bench, query)));
    }

    [Theory]
    [InlineData("start_date=yesterday", "start_date")]
    [InlineData("end_date=2026-02-30", "end_date")]
    [InlineData("start_date=2026-11-20T12:00:00Z&end_date=2026-11-20T12:00:00Z", "start_date")]
    [InlineData("provider=pigeon", "provider")]
    [InlineData("template_name=", "template_name")]
    [InlineData("status=lost", "status")]
    [InlineData("recipient=nobody", "recipient")]
    [InlineData("cursor=Z", "cursor")]
    public async Task What_is_wrong_with_a_question_is_named_for_pages_and_exports(string query, string field)
    {
        await using var bench = new DeliveryBench();
        foreach (var path in (string[])[Path, Path + "/export"])
        {
            using var answer = await bench.Client.GetAsync(new Uri($"{path}?{query}", UriKind.Relative), TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.NotNull((await answer.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!["errors"]![field]);
        }
    }

    private static async Task<IEnumerable<string>> NumbersAsync(DeliveryBench bench, string query)
    {
        var page = await bench.Client.GetFromJsonAsync<JsonObject>($"{Path}?limit=200&{query}", TestContext.Current.CancellationToken);
        return page!["logs"]!.AsArray().Select(static log => log!["message_id"]!.GetValue<string>());
    }

    private static async Task<IEnumerable<string>> ExportedAsync(DeliveryBench bench, string query)
    {
        var text = await bench.Client.GetStringAsync(new Uri($"{Path}/export?{query}", UriKind.Relative), TestContext.Current.CancellationToken);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!["message_id"]!.GetValue<string>());
    }
}
