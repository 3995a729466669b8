using System.Diagnostics;
using EmailFunctions.Load;
using static System.FormattableString;

namespace EmailFunctions.Fairness;

/// <summary>
/// Small tenants send a few messages each, all at once: first to an idle service, then behind a big tenant's backlog. What counts is
/// the time from a message's 202 until a sink of fixed latency has taken it.
/// </summary>
internal sealed class FairnessBenchmark(FairnessOptions options, TenantClient client, SinkProcess sink)
{
    private const string Big = "big";
    private const int Width = 64;
    private const int WarmUp = 5_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static async Task<int> RunAsync(FairnessOptions options)
    {
        await using var sink = await SinkProcess.StartAsync(options.Latency);
        // As many connections as the pump is wide, so that a tenant waits for the pump and not for its own server.
        await using var service = await ServiceProcess.StartAsync(options.Service!, Width);
        using var client = new TenantClient(service.Address, Width);
        try
        {
            await new FairnessBenchmark(options, client, sink).MeasureAsync();
        }
        catch (LoadException)
        {
            Console.Error.WriteLine(service.LogTail());
            throw;
        }

        return ExitCodes.Ok;
    }

    private async Task MeasureAsync()
    {
        foreach (var tenant in Small().Append(Big))
        {
            await client.ConfigureAsync(tenant, sink.Port);
        }

        Print($"load      {options.Tenants} small tenants with {options.Each} messages each, {options.Rounds} times; a backlog of {options.Backlog}; the sink takes {options.Latency} ms");
        await client.SendAsync(Enumerable.Range(0, WarmUp).Select(number => (Small().ElementAt(number % options.Tenants), $"w-{number}")));
        await sink.WaitAsync(WarmUp, Patience);
        await sink.ClearAsync();

        await SendRoundsAsync("idle");
        var idle = await CollectAsync("idle");
        await client.SendAsync(Enumerable.Range(0, options.Backlog).Select(static number => (Big, $"big-{number}")));
        await SendRoundsAsync("loaded");
        var loaded = await CollectAsync("loaded");

        Print($"ratio     p95 {Statistics.Percentile(loaded, 0.95) / Statistics.Percentile(idle, 0.95):F2}");
    }

    private IEnumerable<string> Small() => Enumerable.Range(1, options.Tenants).Select(static number => $"small-{number}");

    private async Task SendRoundsAsync(string phase)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        for (var round = 0; round < options.Rounds; round++)
        {
            await timer.WaitForNextTickAsync();
            await client.SendAsync(
                from number in Enumerable.Range(0, options.Each) from tenant in Small() select (tenant, $"{phase}-{round}-{tenant}-{number}"));
        }
    }

    // The times of the phase's messages in milliseconds, sorted.
    private async Task<double[]> CollectAsync(string phase)
    {
        var wanted = options.Rounds * options.Tenants * options.Each;
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Patience)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            var records = await sink.RecordsAsync();
            var arrived = records.Where(record => record.Id.StartsWith(phase, StringComparison.Ordinal)).ToArray();
            if (arrived.Length < wanted)
            {
                continue;
            }

            // Of the backlog, those before the last small one.
            var last = arrived.Max(static arrival => arrival.Timestamp);
            var sent = records.Count(record => record.Timestamp < last && record.Id.StartsWith(Big, StringComparison.Ordinal));
            var times = arrived.Select(Taken).Order().ToArray();
            Print($"{phase,-9} p50 {Statistics.Percentile(times, 0.5):F1} ms  p95 {Statistics.Percentile(times, 0.95):F1} ms  p99 {Statistics.Percentile(times, 0.99):F1} ms  ({sent} of the backlog were sent before the last of them)");
            return sent < options.Backlog ? times : throw new LoadException("The backlog was gone before the small tenants had sent theirs: ask for a larger one.");
        }

        throw new LoadException($"Not all messages of the phase {phase} arrived.");
    }

    // The sink stamps a message when it has all of it, and then takes its time.
    private double Taken(Arrival arrival) => Statistics.Milliseconds(arrival.Timestamp - client.Accepted[arrival.Id]) + options.Latency;

    private static void Print(FormattableString text) => Console.WriteLine(Invariant(text));
}
