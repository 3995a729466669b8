using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using EmailFunctions.Load;
using static System.FormattableString;

namespace EmailFunctions.Memory;

/// <summary>
/// Sends the largest messages, from the request to the provider, and prints the most memory that the service had resident above what it
/// had at rest before. Each line is a service of its own, which has sent some smaller messages by then.
/// </summary>
internal static class MemoryBenchmark
{
    private const string Tenant = "bench";
    private const double MiB = 1024 * 1024;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(MemoryOptions options)
    {
        foreach (var each in options.Cases)
        {
            foreach (var count in new[] { 1, options.AtOnce })
                await MeasureAsync(options, each, count);
        }
    }

    private static async Task MeasureAsync(MemoryOptions options, MemoryCase each, int count)
    {
        await using var sink = await SinkProcess.StartAsync();
        await using var vendor = await SinkProcess.StartAsync("vendor");
        await using var service = await ServiceProcess.StartAsync(options.Service, connections: 8, new Dictionary<string, string> { ["EMAIL_ALLOW_HTTP_ENDPOINTS"] = "true" });
        using var client = new HttpClient { BaseAddress = service.Address, Timeout = Patience };
        await ConfigureAsync(client, each.Config(sink.Port, vendor.Port));
        foreach (var size in Enumerable.Repeat(10_000, 20).Concat(Enumerable.Repeat(300_000, 5)))
            await WaitAsync(client, await AcceptAsync(client, LargeMessage.Of(Tenant, each.IsText, size)));
        var messages = Enumerable.Range(0, count).Select(_ => LargeMessage.Of(Tenant, each.IsText, each.Bytes)).ToList();
        await Task.Delay(Rest);

        var idle = service.ResetPeakMemory();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(messages.Select(async message => await WaitAsync(client, await AcceptAsync(client, message))));
        var above = service.PeakMemory - idle;
        Console.WriteLine(Invariant(
            $"{each.Provider,-8} {each.Kind} of {each.Bytes}, {count,2} at once  {above / MiB,6:0.0} MiB above {idle / MiB:0} MiB at rest, {above / (double)each.Bytes:0.00} of a message; {clock.Elapsed.TotalSeconds:0.0} s"));
    }

    private static async Task ConfigureAsync(HttpClient client, object config)
    {
        using var answer = await client.PostAsJsonAsync($"/api/v1/email/configs/{Tenant}", config);
        if (!answer.IsSuccessStatusCode)
            throw new LoadException($"The configuration was answered {(int)answer.StatusCode}.");
    }

    private static async Task<string> AcceptAsync(HttpClient client, HttpContent message)
    {
        using var answer = await client.PostAsync("/api/v1/email/send", message);
        if (!answer.IsSuccessStatusCode)
            throw new LoadException($"A message was answered {(int)answer.StatusCode}.");
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("message_id").GetString()!;
    }

    private static async Task WaitAsync(HttpClient client, string id)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Patience; await Task.Delay(PollTime))
        {
            var status = (await client.GetFromJsonAsync<JsonElement>($"/api/v1/email/messages/{id}")).GetProperty("status").GetString();
            if (status == "sent")
                return;
            if (status is "failed" or "dead_lettered")
                throw new LoadException("A message was not sent.");
        }

        throw new LoadException("A message was not sent in time.");
    }
}
