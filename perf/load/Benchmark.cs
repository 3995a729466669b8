using System.Diagnostics;

namespace EmailFunctions.Load;

/// <summary>Runs the rounds: raw and service alternate, so that a machine's slow minute meets both.</summary>
internal sealed class Benchmark(LoadOptions options, SinkProcess sink)
{
    /// <summary>Connections opened at the sink in the whole run, up to the last clear.</summary>
    private int _opened;

    public static async Task<int> RunAsync(LoadOptions options)
    {
        var message = new LoadMessage(options.Bytes);
        await using var sink = await SinkProcess.StartAsync();
        using var raw = await RawSender.ConnectAsync(message, sink.Port, options.Connections);
        await using var service = options.RawOnly ? null : await ServiceProcess.StartAsync(options.Service!, options.Connections);
        using var posts = service is null ? null : await ServiceSender.ConnectAsync(message, service.Address, options.Clients);
        var report = new Report(options, service?.DataFolder);
        var benchmark = new Benchmark(options, sink);
        try
        {
            await benchmark.MeasureAsync(raw, service, posts, report);
        }
        catch (LoadException) when (service is not null)
        {
            Console.Error.WriteLine(service.LogTail());
            throw;
        }

        report.PrintSummary(benchmark._opened - options.Connections, service?.PeakMemory);
        return ExitCodes.Ok;
    }

    private async Task MeasureAsync(RawSender raw, ServiceProcess? service, ServiceSender? posts, Report report)
    {
        if (posts is not null)
        {
            await posts.ConfigureAsync(sink.Port);
        }

        for (var round = 1 - options.Warmup; round <= options.Rounds; round++)
        {
            var rawResult = await RawRoundAsync(raw, Ids('r', round));
            var serviceResult = service is null ? null : await ServiceRoundAsync(service, posts!, Ids('s', round));
            if (round > 0)
            {
                report.Add(rawResult, serviceResult);
            }
        }

        _opened += await sink.OpenedAsync();
    }

    private string[] Ids(char kind, int round) =>
        [.. Enumerable.Range(0, options.Messages).Select(index => $"{kind}{round}-{index:d4}")];

    private async Task<RoundResult> RawRoundAsync(RawSender raw, string[] ids)
    {
        await BeginAsync();
        var (cpu, sinkCpu) = (Environment.CpuUsage.TotalTime, sink.Cpu);
        var start = Stopwatch.GetTimestamp();
        await raw.SendAsync(ids);
        var (cpuUsed, sinkUsed) = (Environment.CpuUsage.TotalTime - cpu, sink.Cpu - sinkCpu);
        var arrivals = await ArrivalCheck.CollectAsync(sink, ids, options.Timeout);
        return await ResultAsync(arrivals, start, cpuUsed, sinkUsed);
    }

    private async Task<RoundResult> ServiceRoundAsync(ServiceProcess service, ServiceSender posts, string[] ids)
    {
        await BeginAsync();
        var (cpu, sinkCpu) = (service.Cpu, sink.Cpu);
        var posted = await posts.SendAsync(ids);
        if (!posted.Refusals.IsEmpty)
        {
            throw new LoadException($"{posted.Refusals.Count} answers were not 202, for example: {posted.Refusals.First()}");
        }

        await sink.WaitAsync(ids.Length, options.Timeout);
        var (cpuUsed, sinkUsed) = (service.Cpu - cpu, sink.Cpu - sinkCpu);
        var arrivals = await ArrivalCheck.CollectAsync(sink, ids, options.Timeout);
        var result = await ResultAsync(arrivals, posted.SentAt.Min(), cpuUsed, sinkUsed);
        return result with
        {
            Accept = [.. ids.Select((_, i) => Statistics.Milliseconds(posted.AnsweredAt[i] - posted.SentAt[i]))],
            Deliver = [.. ids.Select((id, i) => Statistics.Milliseconds(arrivals[id].Timestamp - posted.AnsweredAt[i]))],
        };
    }

    private async Task BeginAsync()
    {
        // The garbage of the half before is not this half's cost.
        GC.Collect();
        _opened += await sink.OpenedAsync();
        await sink.ClearAsync();
    }

    private async Task<RoundResult> ResultAsync(
        Dictionary<string, Arrival> arrivals, long start, TimeSpan cpu, TimeSpan sinkCpu)
    {
        var last = arrivals.Values.Max(arrival => arrival.Timestamp);
        return new RoundResult
        {
            Rate = arrivals.Count / Stopwatch.GetElapsedTime(start, last).TotalSeconds,
            MeanSize = arrivals.Values.Average(arrival => arrival.Size),
            Opened = await sink.OpenedAsync(),
            SenderCpu = cpu.TotalMilliseconds / arrivals.Count,
            SinkCpu = sinkCpu.TotalMilliseconds / arrivals.Count,
        };
    }
}
