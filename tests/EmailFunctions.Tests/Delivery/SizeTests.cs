using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>A message that is too large for its provider is refused at once, or, where that was not known yet, before the provider is called.</summary>
public sealed class SizeTests : IAsyncLifetime
{
    private readonly DeliveryBench _bench = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_message_that_is_too_large_for_its_provider_is_refused_with_the_provider_and_its_limit()
    {
        _bench.Provider.MaxBytes = 40_000;

        using var answer = await PostAsync("/api/v1/email/send", Message(30_000));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var error = (await ReadAsync(answer))["errors"]!["attachments"]![0]!.GetValue<string>();
        Assert.Matches("the message has 4[0-9]{4} bytes as it is encoded, and file takes at most 40000$", error);
    }

    [Fact]
    public async Task A_message_that_fits_is_accepted_and_sent()
    {
        _bench.Provider.MaxBytes = 45_000;

        using var answer = await PostAsync("/api/v1/email/send", Message(30_000));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await _bench.DispatchAsync(MessageId.Parse((await ReadAsync(answer))["message_id"]!.GetValue<string>()));

        Assert.Equal(30_000, Assert.Single(_bench.Provider.Given).Content.Attachments[0].Content.Length);
    }

    [Fact]
    public async Task Of_a_batch_only_the_message_that_is_too_large_is_refused()
    {
        _bench.Provider.MaxBytes = 40_000;

        using var answer = await PostAsync("/api/v1/email/send/batch", $$"""{"messages":[{{Message(10)}},{{Message(30_000)}}]}""");

        var results = (await ReadAsync(answer))["results"]!.AsArray();
        Assert.Equal("queued", results[0]!["status"]!.GetValue<string>());
        Assert.NotNull(results[1]!["error"]!["errors"]!["attachments"]);
    }

    [Fact]
    public async Task Text_that_is_too_large_is_named_as_the_whole()
    {
        _bench.Provider.MaxBytes = 40_000;

        using var answer = await PostAsync("/api/v1/email/send", $$"""{"tenant_id":"acme","to":["r@example.com"],"from_email":"a@example.com","subject":"s","body":"{{new string('x', 50_000)}}"}""");

        Assert.NotNull((await ReadAsync(answer))["errors"]!["$"]);
    }

    [Fact]
    public async Task A_limit_that_was_not_known_when_the_message_was_accepted_fails_it_without_a_call()
    {
        var id = await _bench.AcceptAsync(bodyBytes: 30_000);
        _bench.Provider.MaxBytes = 20_000;

        await _bench.DispatchAsync(id);

        var row = await _bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Failed, "content"), (row.Status, row.ErrorCategory));
        Assert.Matches("^The message has 3[0-9]{4} bytes as it is encoded; the provider takes at most 20000.$", row.ProviderAnswer!);
        Assert.Empty(_bench.Provider.Given);
    }

    [Fact]
    public async Task Too_large_for_the_fallback_a_message_waits_for_its_own_provider()
    {
        await _bench.RouteAsync();
        var id = await _bench.AcceptAsync(bodyBytes: 30_000);
        _bench.Primary.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused") : SendResult.Sent("taken");
        _bench.Fallback.MaxBytes = 20_000;

        await _bench.DispatchAsync(id);
        var waiting = await _bench.ReadAsync(id);
        await _bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal((MessageStatus.Deferred, "network"), (waiting.Status, waiting.ErrorCategory));
        Assert.Empty(_bench.Fallback.Given);
        Assert.Equal(MessageStatus.Sent, (await _bench.ReadAsync(id)).Status);
    }

    private static string Message(int fileBytes) =>
        $$"""{"tenant_id":"acme","to":["r@example.com"],"from_email":"a@example.com","subject":"s","body":"b","attachments":[{"filename":"a","content_type":"text/plain","content":"{{Convert.ToBase64String(new byte[fileBytes])}}"}]}""";

    private Task<HttpResponseMessage> PostAsync(string path, string json) => _bench.Client.PostAsync(new Uri(path, UriKind.Relative), ServiceHost.Json(json), Cancellation);

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!;
}
