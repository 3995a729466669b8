using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// Clients that send while the service is killed and started under them. Three of four send with an idempotency key and repeat
/// what got no answer; the others can't know, and give up on it.
/// </summary>
internal sealed class KillClients(int count, HttpClient service)
{
    public const string Tenant = "acme";
    public const string TestIdHeader = "X-Test-Id";

    private const int Parallel = 16;

    // More than a ledger row holds, so that the payload store takes part.
    private const int LargeBody = 100 * 1024;

    private readonly ConcurrentDictionary<string, string> _accepted = new();
    private volatile TaskCompletionSource<HttpClient> _service = Answered(service);
    private Task _sending = Task.CompletedTask;
    private int _next;
    private int _unanswered;

    /// <summary>Test id to message id of what was answered 202.</summary>
    public IReadOnlyDictionary<string, string> Accepted => _accepted;

    /// <summary>Requests without a key that got no answer.</summary>
    public int Unanswered => _unanswered;

    /// <summary>Begins to send; the task ends when all messages are.</summary>
    public Task Start() => _sending = Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(SendUntilDoneAsync)));

    /// <summary>Returns when so many messages are accepted.</summary>
    public async Task WaitForAcceptedAsync(int wanted)
    {
        var waiting = Stopwatch.StartNew();
        while (_accepted.Count < wanted)
        {
            if (_sending.IsFaulted)
                await _sending;
            Assert.True(waiting.Elapsed < TimeSpan.FromSeconds(60), $"Only {_accepted.Count} messages were accepted.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The service goes away: what is begun gets no answer, the next requests wait.</summary>
    public void Pause() => _service = new TaskCompletionSource<HttpClient>(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The service is there again.</summary>
    public void Resume(HttpClient service) => _service.SetResult(service);

    private static TaskCompletionSource<HttpClient> Answered(HttpClient service)
    {
        var source = new TaskCompletionSource<HttpClient>();
        source.SetResult(service);
        return source;
    }

    private async Task SendUntilDoneAsync()
    {
        for (var number = Interlocked.Increment(ref _next); number <= count; number = Interlocked.Increment(ref _next))
        {
            var hasKey = number % 4 != 0;
            while (!await TrySendAsync(number, hasKey ? $"key-{number}" : null) && hasKey)
            {
            }
        }
    }

    private async Task<bool> TrySendAsync(int number, string? key)
    {
        var client = await _service.Task.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            using var answer = await client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", Message(number), key);
            var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode} {body}");
            _accepted[$"{number}"] = JsonNode.Parse(body)!["message_id"]!.GetValue<string>();
            return true;
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException or ObjectDisposedException
            || (exception is OperationCanceledException && !TestContext.Current.CancellationToken.IsCancellationRequested))
        {
            // The last two: the test has thrown the killed service's client away.
            if (key is null)
                Interlocked.Increment(ref _unanswered);
            return false;
        }
    }

    private static string Message(int number)
    {
        var body = number % 40 is 0 or 7 ? new string('x', LargeBody) : "Hello.";
        return new JsonObject
        {
            ["tenant_id"] = Tenant,
            ["to"] = new JsonArray($"to-{number}@example.com"),
            ["subject"] = $"Message {number}",
            ["body"] = body,
            ["headers"] = new JsonObject { [TestIdHeader] = $"{number}" },
        }.ToJsonString();
    }
}
