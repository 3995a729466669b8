using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Sending;

/// <summary>What tests of sending ask of a bench over HTTP.</summary>
internal static class SendingCalls
{
    private const string SendPath = "/api/v1/email/send";

    /// <summary>A message of the bench's tenant as JSON, with further fields.</summary>
    public static string Message(string further = "") =>
        $$"""{"tenant_id":"{{DeliveryBench.Tenant}}","to":["a@example.com"],"subject":"Hello","body":"Hello."{{(further.Length == 0 ? "" : "," + further)}}}""";

    /// <summary>Configures the bench's tenant, with further fields.</summary>
    public static Task UseConfigAsync(this DeliveryBench bench, string further) =>
        bench.Client.ConfigureAsync(DeliveryBench.Tenant.Value, $$"""{"provider_type":"file","from_email":"a@example.com",{{further}}}""");

    /// <summary>Sends a message.</summary>
    public static async Task<Answer> SendAsync(this DeliveryBench bench, string message)
    {
        using var answer = await bench.Client.SendJsonAsync(HttpMethod.Post, SendPath, message);
        return await Answer.ReadAsync(answer);
    }

    /// <summary>Sends a message; fails unless it is accepted.</summary>
    public static async Task<MessageId> MustSendAsync(this DeliveryBench bench, string further = "") => (await bench.SendAsync(Message(further))).Id;

    /// <summary>Sends a batch; fails unless the answer is 202.</summary>
    public static async Task<IReadOnlyList<JsonObject>> SendBatchAsync(this DeliveryBench bench, params string[] messages)
    {
        using var answer = await bench.Client.SendJsonAsync(HttpMethod.Post, SendPath + "/batch", $$"""{"messages":[{{string.Join(',', messages)}}]}""");
        var read = await Answer.ReadAsync(answer);
        Assert.True(read.Status == HttpStatusCode.Accepted, read.Body.ToJsonString());
        return [.. read.Body["results"]!.AsArray().Select(static result => result!.AsObject())];
    }

    /// <summary>Cancels a message.</summary>
    public static async Task<Answer> CancelAsync(this DeliveryBench bench, string id)
    {
        using var answer = await bench.Client.DeleteAsync(new Uri($"/api/v1/email/messages/{id}", UriKind.Relative), TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(answer);
    }

    /// <summary>Reads a message.</summary>
    public static async Task<Answer> ShowAsync(this DeliveryBench bench, MessageId id)
    {
        using var answer = await bench.Client.GetAsync(new Uri($"/api/v1/email/messages/{id}", UriKind.Relative), TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(answer);
    }

    /// <summary>Dispatches all copies on the queue that are due, those that this brings about included.</summary>
    public static async Task DrainAsync(this DeliveryBench bench)
    {
        for (var left = bench.Queue.Messages.Count; left > 0 && bench.Queue.Messages.TryDequeue(out var message); left--)
        {
            if (message.VisibleAt > bench.Clock.GetUtcNow())
                bench.Queue.Messages.Enqueue(message);
            else
                await bench.Get<DispatchFunction>().RunAsync(message.Body, TestContext.Current.CancellationToken);
        }
    }

    public static string Text(this JsonNode node, string name) => node[name]!.GetValue<string>();

    public static DateTimeOffset Time(this JsonNode node, string name) => node[name]!.GetValue<DateTimeOffset>();
}

/// <summary>An answer as far as tests look at it.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonObject Body, TimeSpan? RetryAfter, bool IsReplay)
{
    public MessageId Id
    {
        get
        {
            Assert.True(Status == HttpStatusCode.Accepted, Body.ToJsonString());
            return MessageId.TryParse(Body.Text("message_id"), out var id) ? id : throw new InvalidOperationException();
        }
    }

    public static async Task<Answer> ReadAsync(HttpResponseMessage answer) => new(
        answer.StatusCode,
        JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject(),
        answer.Headers.RetryAfter?.Delta,
        answer.Headers.Contains("Idempotent-Replayed"));
}
