using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace EmailFunctions.Load;

/// <summary>A bounded number of HTTP clients that post messages to the service.</summary>
internal sealed class ServiceSender : IDisposable
{
    private const string Tenant = "bench";
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly LoadMessage _message;
    private readonly HttpClient _client;
    private readonly int _clients;

    public ServiceSender(LoadMessage message, Uri address, int clients)
    {
        _message = message;
        _clients = clients;
        _client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = clients, UseProxy = false })
        {
            BaseAddress = address,
        };
    }

    /// <summary>Points the benchmark's tenant at the sink.</summary>
    public async Task ConfigureAsync(int smtpPort)
    {
        using var answer = await _client.PostAsJsonAsync($"/api/v1/email/configs/{Tenant}", new
        {
            provider_type = "smtp",
            smtp_host = "127.0.0.1",
            smtp_port = smtpPort,
            smtp_use_tls = false,
            from_email = LoadMessage.From,
            rate_limit_per_minute = 0,
            rate_limit_per_hour = 0,
        });
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync();
            throw new LoadException($"The tenant was not accepted: {(int)answer.StatusCode} {text}");
        }
    }

    /// <summary>Posts one message for each id. The bodies are built before the clock starts.</summary>
    public async Task<Posted> SendAsync(string[] ids)
    {
        var bodies = Array.ConvertAll(ids, id => _message.ToRequest(Tenant, id));
        var posted = new Posted(ids.Length);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, _clients).Select(_ => Task.Run(async () =>
        {
            int index;
            while ((index = Interlocked.Increment(ref next)) < bodies.Length)
            {
                await PostAsync(bodies[index], index, posted);
            }
        })));
        return posted;
    }

    public void Dispose() => _client.Dispose();

    private async Task PostAsync(byte[] body, int index, Posted posted)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = Json;
        posted.SentAt[index] = Stopwatch.GetTimestamp();
        try
        {
            using var answer = await _client.PostAsync("/api/v1/email/send", content);
            posted.AnsweredAt[index] = Stopwatch.GetTimestamp();
            if (answer.StatusCode != HttpStatusCode.Accepted)
            {
                posted.Refusals.Add($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }
        }
        catch (HttpRequestException error)
        {
            posted.AnsweredAt[index] = Stopwatch.GetTimestamp();
            posted.Refusals.Add(error.Message);
        }
    }
}

/// <summary>What happened to the requests of one round; times in Stopwatch ticks.</summary>
/// <param name="count">How many requests.</param>
internal sealed class Posted(int count)
{
    public long[] SentAt { get; } = new long[count];

    public long[] AnsweredAt { get; } = new long[count];

    /// <summary>The answers other than 202.</summary>
    public ConcurrentBag<string> Refusals { get; } = [];
}
