using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using EmailFunctions.Load;

namespace EmailFunctions.Fairness;

/// <summary>Sets tenants up and sends their messages.</summary>
internal sealed class TenantClient(Uri address, int clients) : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly LoadMessage _message = new(wireBytes: 4600);
    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = clients, UseProxy = false }) { BaseAddress = address };

    /// <summary>When each message's 202 came, in Stopwatch ticks.</summary>
    public ConcurrentDictionary<string, long> Accepted { get; } = [];

    /// <summary>Points a tenant without limits at the sink.</summary>
    public async Task ConfigureAsync(string tenant, int smtpPort)
    {
        using var answer = await _client.PostAsJsonAsync($"/api/v1/email/configs/{tenant}", new
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
            throw new LoadException($"The tenant was not accepted: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>Sends messages, as many at once as there are clients.</summary>
    public Task SendAsync(IEnumerable<(string Tenant, string Id)> messages) =>
        Parallel.ForEachAsync(
            messages,
            new ParallelOptions { MaxDegreeOfParallelism = clients },
            async (message, cancellationToken) =>
            {
                using var content = new ByteArrayContent(_message.ToRequest(message.Tenant, message.Id));
                content.Headers.ContentType = Json;
                using var answer = await _client.PostAsync("/api/v1/email/send", content, cancellationToken);
                Accepted[message.Id] = Stopwatch.GetTimestamp();
                if (answer.StatusCode != HttpStatusCode.Accepted)
                {
                    throw new LoadException($"An answer was {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
                }
            });

    public void Dispose() => _client.Dispose();
}
