using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Ingest;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Requests;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Ingest;

/// <summary>What becomes of messages that event producers put on the queue.</summary>
public sealed class IngestTests : IAsyncLifetime
{
    private const string Good = """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""";

    private readonly DeliveryBench _bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_good_message_is_accepted_for_its_tenant_and_queued()
    {
        await IngestAsync(Good, "q-1");

        var view = await GetAsync("/api/v1/email/messages/q-1?tenant_id=acme");
        Assert.Equal(("queued", "acme"), (Text(view, "status"), Text(view, "tenant_id")));
        Assert.Single(_bench.Queue.Messages);
        Assert.Empty(await DeadLettersAsync());
    }

    [Fact]
    public async Task The_same_message_delivered_again_is_accepted_once()
    {
        await IngestAsync(Good, "q-1");
        await IngestAsync(Good, "q-1");

        Assert.Single(await _bench.RowsAsync("msg-"));
    }

    [Fact]
    public async Task A_name_of_the_producers_own_goes_before_the_queues_and_counts_for_ever()
    {
        const string Named = """{"message_id":"order 7 é","tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""";
        await IngestAsync(Named, "q-1");
        _bench.Clock.Advance(TimeSpan.FromDays(40));
        await IngestAsync(Named, "q-2");

        Assert.Single(await _bench.RowsAsync("msg-"));
        var view = await GetAsync($"/api/v1/email/messages/{Uri.EscapeDataString("order 7 é")}?tenant_id=acme");
        Assert.Equal("acme", Text(view, "tenant_id"));
    }

    [Fact]
    public async Task The_same_name_brings_two_tenants_a_message_each()
    {
        await IngestAsync(Good, "q-1");
        await IngestAsync(Good.Replace("acme", "beta", StringComparison.Ordinal), "q-1");

        Assert.Equal("acme", Text(await GetAsync("/api/v1/email/messages/q-1?tenant_id=acme"), "tenant_id"));
        Assert.Equal("beta", Text(await GetAsync("/api/v1/email/messages/q-1?tenant_id=beta"), "tenant_id"));
        using var none = await _bench.Client.GetAsync(new Uri("/api/v1/email/messages/q-1?tenant_id=gamma", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task A_message_found_by_its_producers_name_can_be_cancelled_by_it()
    {
        await IngestAsync(Good, "q-1");

        using var answer = await _bench.Client.DeleteAsync(new Uri("/api/v1/email/messages/q-1?tenant_id=acme", UriKind.Relative), Cancellation);

        Assert.Equal("cancelled", Text((await answer.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!, "status"));
    }

    [Theory]
    [InlineData("no json", "$")]
    [InlineData("", "$")]
    [InlineData("[]", "$")]
    [InlineData("null", "$")]
    [InlineData("""{"tenant_id":"acme","to":["zoe@example.com"],"subject":"x","body":"y","colour":"red"}""", "colour")]
    [InlineData("""{"tenant_id":"acme","to":["nobody"],"subject":"x","body":"y"}""", "to[0]")]
    [InlineData("""{"tenant_id":"a/b","to":["zoe@example.com"],"subject":"x","body":"y"}""", "tenant_id")]
    [InlineData("""{"tenant_id":"acme","to":"zoe@example.com","subject":"x","body":"y"}""", "to")]
    [InlineData("""{"tenant_id":"acme","message_id":"","to":["zoe@example.com"],"subject":"x","body":"y"}""", "message_id")]
    [InlineData("""{"tenant_id":"acme","message_id":"acme~00000000000000000000000000000000","to":["zoe@example.com"],"subject":"x","body":"y"}""", "message_id")]
    [InlineData("""{"tenant_id":"acme","to":["zoe@example.com"],"subject":"x","body":"y","expires_at":"2020-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"to":["zoe@example.com"],"subject":"x","body":"y"}""", "not yours")]
    [InlineData("""{"tenant_id":"system","to":["zoe@example.com"],"subject":"x","body":"y"}""", "not yours")]
    public async Task What_cannot_be_accepted_is_parked_once_with_the_reason(string body, string named)
    {
        await IngestAsync(body, "q-1");
        await IngestAsync(body, "q-1");

        var letter = Assert.Single(await DeadLettersAsync());
        Assert.Equal(("system", "parked", "content"), (Text(letter!, "tenant_id"), Text(letter!, "reason"), Text(letter!, "error_category")));
        Assert.Contains(named, Text(letter!, "provider_answer"), StringComparison.Ordinal);
        Assert.DoesNotContain("zoe", letter!.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(_bench.Queue.Messages);
        Assert.Equal(1, (await Scrape.OfAsync(_bench.Client)).Sum("email_dead_letters_total"));
    }

    [Fact]
    public async Task What_is_parked_keeps_its_bytes_also_when_they_are_many()
    {
        var body = new byte[300_000];
        new Random(7).NextBytes(body);

        await Function.RunAsync(new Delivered(body, "q-1", null), Cancellation);

        var entry = await ReadParkedAsync();
        Assert.Equal(body, (await _bench.Get<ParkedMessages>().ReadAsync(entry, Cancellation)).Body.ToArray());
        await DiscardAsync(entry);
        Assert.Empty(Directory.EnumerateFiles(_bench.PayloadFolder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_was_discarded_and_comes_again_is_parked_again()
    {
        await IngestAsync("no json", "q-1");
        await DiscardAsync(await ReadParkedAsync());
        Assert.Empty(await DeadLettersAsync());

        await IngestAsync("no json", "q-1");

        Assert.Single(await DeadLettersAsync());
        Assert.Equal("no json", Encoding.UTF8.GetString((await _bench.Get<ParkedMessages>().ReadAsync(await ReadParkedAsync(), Cancellation)).Body.Span));
    }

    [Fact]
    public async Task A_message_whose_content_is_gone_can_only_be_discarded_and_stops_no_others()
    {
        var body = new byte[300_000];
        await Function.RunAsync(new Delivered(body, "q-1", null), Cancellation);
        Directory.Delete(_bench.PayloadFolder, recursive: true);

        using var one = await ReplayAsync((await ReadParkedAsync()).Id.ToString());
        using var all = await _bench.Client.PostAsync(new Uri("/api/v1/admin/email/dead-letters/replay", UriKind.Relative), ServiceHost.Json("{}"), Cancellation);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Accepted), (one.StatusCode, all.StatusCode));
    }

    [Fact]
    public async Task A_message_over_the_largest_size_is_parked()
    {
        await Function.RunAsync(new Delivered(new byte[51 * 1024 * 1024], "q-1", null), Cancellation);

        Assert.Contains("at most", Text(Assert.Single(await DeadLettersAsync())!, "provider_answer"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_parked_message_is_accepted_by_its_replay_once_the_reason_is_mended()
    {
        await IngestAsync("""{"tenant_id":"acme","to":["zoe@example.com"],"subject":"x","body":"y","from_email":null}""", "good");
        var expired = """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"x","body":"y","send_at":"2029-01-01T00:00:00Z"}""";
        await IngestAsync(expired, "too-far");
        var id = Text(Assert.Single(await DeadLettersAsync())!, "message_id");

        using (var refused = await ReplayAsync(id))
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        _bench.Clock.Advance(TimeSpan.FromDays(500));
        using var accepted = await ReplayAsync(id);

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var message = Text((await accepted.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!, "message_id");
        Assert.StartsWith("acme~", message, StringComparison.Ordinal);
        Assert.Empty(await DeadLettersAsync());
        Assert.Equal("replayed", Text(await GetAsync($"/api/v1/email/messages/{id}"), "reason"));
        Assert.Equal(message, Text(await GetAsync("/api/v1/email/messages/too-far?tenant_id=acme"), "message_id"));
        using var again = await ReplayAsync(id);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    [Fact]
    public async Task A_replay_of_many_leaves_what_still_cannot_be_accepted()
    {
        await IngestAsync("no json", "q-1");

        using var answer = await _bench.Client.PostAsync(new Uri("/api/v1/admin/email/dead-letters/replay", UriKind.Relative), ServiceHost.Json("{}"), Cancellation);

        Assert.Equal(0, (await answer.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["replayed"]!.GetValue<int>());
        Assert.Single(await DeadLettersAsync());
    }

    [Fact]
    public async Task While_the_store_is_down_nothing_is_parked_and_the_message_comes_again()
    {
        static void Down() => throw new StoreUnavailableException("The table is down, says the test.");
        _bench.Table.OnRead = Down;
        _bench.Table.OnWrite = static _ => TableFault.Before;

        await Assert.ThrowsAsync<StoreUnavailableException>(() => IngestAsync(Good, "q-1"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => IngestAsync("no json", "q-1"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Function.RecoverAsync(new Delivered("no json"u8.ToArray(), "q-1", null), Cancellation));

        _bench.Table.OnRead = static () => { };
        _bench.Table.OnWrite = static _ => TableFault.None;
        Assert.Empty(await DeadLettersAsync());
    }

    [Fact]
    public async Task Every_message_that_a_client_would_be_refused_is_parked_from_a_producer()
    {
        var rows = BadMessages.All().Where(static row => row.Path == BadRequest.SendPath && row.Status == 400 && row.Body is { Length: < 1_000_000 } && row.Headers.Count == 0).ToList();
        foreach (var row in rows)
            await Function.RunAsync(new Delivered(row.Body, row.Name, null), Cancellation);

        Assert.True(rows.Count > 50);
        Assert.Equal(rows.Count, (await ParkedAsync()).Count);
        Assert.Empty(_bench.Queue.Messages);
    }

    [Theory]
    [InlineData("acme", """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", true)]
    [InlineData("acme", """{"to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", true)]
    [InlineData("acme", """{"tenant_id":"other","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", false)]
    [InlineData("acme", """{"tenant_id":"system","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", false)]
    [InlineData("ACME", """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", false)]
    [InlineData("system", """{"to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", false)]
    [InlineData("", """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", false)]
    [InlineData("a/b", """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""", false)]
    public async Task A_producer_of_whom_the_queue_says_the_tenant_sends_for_that_one_alone(string claim, string body, bool isAccepted)
    {
        await Function.RunAsync(new Delivered(Encoding.UTF8.GetBytes(body), "q-1", null) { Tenant = claim }, Cancellation);

        Assert.Equal(isAccepted ? 1 : 0, (await _bench.RowsAsync("msg-")).Count);
        Assert.Equal(isAccepted ? 0 : 1, (await DeadLettersAsync()).Count);
    }

    [Fact]
    public async Task A_replay_of_what_was_parked_lets_nobody_send_for_another_tenant_than_the_queue_named()
    {
        await Function.RunAsync(new Delivered(Encoding.UTF8.GetBytes(Good), "q-1", null) { Tenant = "other" }, Cancellation);
        await Function.RunAsync(new Delivered(Encoding.UTF8.GetBytes(Good), "q-1", null) { Tenant = "third" }, Cancellation);

        var letters = await DeadLettersAsync();
        Assert.Equal(2, letters.Count);
        foreach (var letter in letters)
        {
            using var refused = await ReplayAsync(Text(letter!, "message_id"));
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.Empty(await _bench.RowsAsync("msg-"));
    }

    [Fact]
    public async Task Where_the_queue_must_name_a_tenant_one_without_is_parked()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_PRODUCER_CLAIM"] = "required", ["EMAIL_PRODUCER_TENANTS"] = "acme" });
        foreach (var (claim, name) in new[] { (null, "q-1"), ("acme", "q-2"), ("other", "q-3") })
            await bench.Get<IngestFunction>().RunAsync(new Delivered(Encoding.UTF8.GetBytes(Good.Replace("acme", claim ?? "acme", StringComparison.Ordinal)), name, null) { Tenant = claim }, Cancellation);

        Assert.Single(await bench.RowsAsync("msg-"));
        var letters = (await bench.Client.GetFromJsonAsync<JsonObject>(new Uri("/api/v1/admin/email/dead-letters", UriKind.Relative), Cancellation))!;
        Assert.Equal(2, letters["dead_letters"]!.AsArray().Count);
    }

    private IngestFunction Function => _bench.Get<IngestFunction>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task IngestAsync(string body, string queueId) =>
        Function.RunAsync(new Delivered(Encoding.UTF8.GetBytes(body), queueId, null), Cancellation);

    private async Task<JsonObject> GetAsync(string path) => (await _bench.Client.GetFromJsonAsync<JsonObject>(new Uri(path, UriKind.Relative), Cancellation))!;

    private async Task<JsonArray> DeadLettersAsync() => (await GetAsync("/api/v1/admin/email/dead-letters"))["dead_letters"]!.AsArray();

    private Task<HttpResponseMessage> ReplayAsync(string id) =>
        _bench.Client.PostAsync(new Uri($"/api/v1/admin/email/dead-letters/{id}/replay", UriKind.Relative), content: null, Cancellation);

    private async Task DiscardAsync(LedgerEntry entry) =>
        (await _bench.Client.DeleteAsync(new Uri($"/api/v1/admin/email/dead-letters/{entry.Id}", UriKind.Relative), Cancellation)).Dispose();

    private async Task<LedgerEntry> ReadParkedAsync() => await _bench.ReadAsync(Assert.Single(await ParkedAsync()).Id);

    private async Task<List<DeadPlace>> ParkedAsync()
    {
        var places = new List<DeadPlace>();
        await foreach (var place in _bench.Ledger.ListDeadAsync(TenantId.System, new DeadRange(null, null, null), Cancellation))
            places.Add(place);
        return places;
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();
}
