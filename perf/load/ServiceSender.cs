using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;

namespace EmailFunctions.Load;

/// <summary>A fixed number of HTTP connections that post messages to the service.</summary>
internal sealed class ServiceSender : IDisposable
{
    private const string Tenant = "bench";

    private readonly LoadMessage _message;
    private readonly Uri _address;
    private readonly HttpConnection[] _connections;

    private ServiceSender(LoadMessage message, Uri address, HttpConnection[] connections)
    {
        _message = message;
        _address = address;
        _connections = connections;
    }

    public static async Task<ServiceSender> ConnectAsync(LoadMessage message, Uri address, int clients) =>
        new(message, address, await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => HttpConnection.ConnectAsync(address))));

    /// <summary>Points the benchmark's tenant at the sink.</summary>
    public async Task ConfigureAsync(int smtpPort)
    {
        using var client = new HttpClient { BaseAddress = _address };
        using var answer = await client.PostAsJsonAsync($"/api/v1/email/configs/{Tenant}", new
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

    /// <summary>Posts one message for each id. The requests are built before the clock starts.</summary>
    public async Task<Posted> SendAsync(string[] ids)
    {
        var requests = Array.ConvertAll(ids, id => ToPost(_message.ToRequest(Tenant, id)));
        var posted = new Posted(ids.Length);
        var next = -1;
        await Task.WhenAll(_connections.Select(connection => Task.Run(async () =>
        {
            int index;
            while ((index = Interlocked.Increment(ref next)) < requests.Length)
            {
                await PostAsync(connection, requests[index], index, posted);
            }
        })));
        return posted;
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }

    private static async Task PostAsync(HttpConnection connection, byte[] request, int index, Posted posted)
    {
        posted.SentAt[index] = Stopwatch.GetTimestamp();
        var answer = await connection.CallAsync(request);
        posted.AnsweredAt[index] = Stopwatch.GetTimestamp();
        if (!answer.Span.StartsWith("HTTP/1.1 202 "u8))
        {
            posted.Refusals.Add(Encoding.UTF8.GetString(answer.Span));
        }
    }

    private byte[] ToPost(byte[] body)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST /api/v1/email/send HTTP/1.1\r\nHost: {_address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. body];
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
