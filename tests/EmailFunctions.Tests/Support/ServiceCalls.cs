using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EmailFunctions.Tests.Support;

/// <summary>What tests ask of a service over HTTP, wherever it runs.</summary>
public static class ServiceCalls
{
    /// <summary>Sends a JSON body and returns the answer.</summary>
    public static async Task<HttpResponseMessage> SendJsonAsync(this HttpClient client, HttpMethod method, string path, string json, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends a JSON body; fails unless the answer is a success.</summary>
    public static async Task<JsonNode?> MustAsync(this HttpClient client, HttpMethod method, string path, string json)
    {
        using var answer = await client.SendJsonAsync(method, path, json);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode} {body}");
        return body.Length == 0 ? null : JsonNode.Parse(body);
    }

    /// <summary>Saves a tenant's configuration.</summary>
    public static Task ConfigureAsync(this HttpClient client, string tenant, string json) =>
        client.MustAsync(HttpMethod.Post, $"/api/v1/email/configs/{tenant}", json);

    /// <summary>Saves a configuration that sends through a sink on this machine, without any limit.</summary>
    public static Task UseSinkAsync(this HttpClient client, string tenant, int port, string further = "") =>
        client.ConfigureAsync(tenant, $$"""
            {"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":{{port}},"smtp_use_tls":false,"from_email":"hello@{{tenant}}.example",
             "rate_limit_per_minute":0,"rate_limit_per_hour":0{{further}}}
            """);

    /// <summary>Sends a message; fails unless it is accepted. Returns its id.</summary>
    public static async Task<string> AcceptAsync(this HttpClient client, string json)
    {
        using var answer = await client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", json);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode} {body}");
        return JsonNode.Parse(body)!["message_id"]!.GetValue<string>();
    }

    /// <summary>Reads a message.</summary>
    public static async Task<JsonObject> ReadMessageAsync(this HttpClient client, string id) =>
        (await client.GetFromJsonAsync<JsonObject>(
            $"/api/v1/email/messages/{Uri.EscapeDataString(id)}", JsonSerializerOptions.Web, TestContext.Current.CancellationToken))!;

    /// <summary>Waits until a message has a status.</summary>
    public static async Task<JsonObject> WaitForStatusAsync(this HttpClient client, string id, params string[] statuses)
    {
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            var message = await client.ReadMessageAsync(id);
            if (statuses.Contains(message.Status()))
                return message;
            Assert.True(waiting.Elapsed < TimeSpan.FromSeconds(60), $"The message stayed: {message}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A message's status.</summary>
    public static string Status(this JsonObject message) => message["status"]!.GetValue<string>();

    /// <summary>How often the message's history has this status.</summary>
    public static int CountInHistory(this JsonObject message, string status) =>
        message["history"]!.AsArray().Count(line => line!["status"]!.GetValue<string>() == status);
}
