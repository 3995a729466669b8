using System.IO.Pipelines;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Audit;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using static EmailFunctions.Tests.Audit.AuditBench;

namespace EmailFunctions.Tests.Audit;

public sealed class AuditExportTests
{
    private const string Path = "/api/v1/email/configs/acme/audit-logs";

    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_are_the_rows_that_pages_show_in_their_order_over_many_reads_of_the_store()
    {
        await using var bench = new DeliveryBench();
        await bench.WriteAsync(Enumerable.Range(0, 2_500).Select(static number => Row(DeliveryBench.Tenant, number, Start.AddSeconds(number))));
        bench.Table.ResetCounts();

        using var answer = await bench.Client.GetAsync(new Uri(Path + "/export?start_date=2026-11-01T00:00:01Z", UriKind.Relative), Cancelled);
        var lines = (await answer.Content.ReadAsStringAsync(Cancelled)).Split('\n');

        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(3, bench.Table.Queries);
        Assert.Equal("", lines[^1]);
        Assert.Equal(Enumerable.Range(1, 2_499).Reverse(), lines[..^1].Select(static line => int.Parse(JsonNode.Parse(line)!["message_id"]!.GetValue<string>(), null)));
        var page = await bench.Client.GetFromJsonAsync<JsonObject>(Path + "?limit=1", Cancelled);
        Assert.Equal(page!["logs"]![0]!.ToJsonString(), JsonNode.Parse(lines[0])!.ToJsonString());
    }

    [Fact]
    public async Task An_export_that_was_cut_goes_on_behind_the_last_line_that_arrived()
    {
        await using var bench = new DeliveryBench();
        // All of one instant, which no date could divide.
        await bench.WriteAsync(Enumerable.Range(0, 30).Select(static number => Row(DeliveryBench.Tenant, number, Start)));
        var whole = await LinesAsync(bench, "");

        var rest = await LinesAsync(bench, "?cursor=" + JsonNode.Parse(whole[9])!["id"]);

        Assert.Equal(30, whole.Length);
        Assert.Equal(whole[10..], rest);
        Assert.Empty(await LinesAsync(bench, "?cursor=" + JsonNode.Parse(whole[29])!["id"]));
        Assert.Empty(await LinesAsync(bench, $"?end_date=2026-11-01T00:00:00Z&cursor={JsonNode.Parse(whole[9])!["id"]}"));
    }

    [Fact]
    public async Task No_more_is_read_from_the_store_than_the_client_takes()
    {
        const int Rows = 1_000;
        var (context, pipe) = NewContext();
        var (pages, lines) = (0, 0);
        var writing = Task.Run(
            async () =>
            {
                await AuditExport.WriteAsync(context.Response, PagesAsync(), Cancelled);
                await pipe.Writer.CompleteAsync();
            },
            Cancelled);

        while (await pipe.Reader.ReadAsync(Cancelled) is var read && !(read.IsCompleted && read.Buffer.IsEmpty))
        {
            lines += Encoding.UTF8.GetString(read.Buffer).Count(static c => c == '\n');
            pipe.Reader.AdvanceTo(read.Buffer.End);
            // One that is written, one that waits to be, and what the pipe holds.
            Assert.InRange((Volatile.Read(ref pages) * Rows) - lines, 0, 4 * Rows);
        }

        await writing;
        Assert.Equal(100 * Rows, lines);

        async IAsyncEnumerable<IReadOnlyList<AuditRow>> PagesAsync()
        {
            await Task.Yield();
            while (pages++ < 100)
                yield return [.. Enumerable.Range(0, Rows).Select(static number => Row(DeliveryBench.Tenant, number, Start))];
        }
    }

    [Fact]
    public async Task A_store_that_fails_half_way_ends_the_answer_without_an_end()
    {
        var (context, pipe) = NewContext();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => AuditExport.WriteAsync(context.Response, PagesAsync(), Cancelled));

        // So it can be no other answer any more.
        Assert.True(pipe.Reader.TryRead(out var read));
        Assert.EndsWith("}\n", Encoding.UTF8.GetString(read.Buffer), StringComparison.Ordinal);

        static async IAsyncEnumerable<IReadOnlyList<AuditRow>> PagesAsync()
        {
            await Task.Yield();
            yield return [Row(DeliveryBench.Tenant, 1, Start)];
            throw new StoreUnavailableException("The table is down, says the test.");
        }
    }

    private static (HttpContext Context, Pipe Body) NewContext()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024));
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(pipe.Writer.AsStream()));
        return (new DefaultHttpContext(features), pipe);
    }

    private static async Task<string[]> LinesAsync(DeliveryBench bench, string query) =>
        (await bench.Client.GetStringAsync(new Uri(Path + "/export" + query, UriKind.Relative), Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
