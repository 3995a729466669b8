using System.Runtime.InteropServices;
using static System.FormattableString;

namespace EmailFunctions.Load;

/// <summary>Prints the rounds as they come and the summary at the end.</summary>
internal sealed class Report
{
    private readonly List<RoundResult> _raw = [];
    private readonly List<RoundResult> _service = [];

    public Report(LoadOptions options, string? dataFolder)
    {
        Print($"machine   {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        Print($"runtime   {RuntimeInformation.FrameworkDescription}, server GC {System.Runtime.GCSettings.IsServerGC}");
        if (dataFolder is not null)
        {
            Print($"data on   {new DriveInfo(dataFolder).DriveFormat}");
        }

        Print($"load      {options.Rounds} rounds (after {options.Warmup} to warm up) of {options.Messages} messages, {options.Clients} HTTP clients, {options.Connections} SMTP connections, {options.Bytes} bytes");
        Print($"");
    }

    public void Add(RoundResult raw, RoundResult? service)
    {
        _raw.Add(raw);
        PrintRound("raw    ", raw);
        if (service is not null)
        {
            _service.Add(service);
            PrintRound("service", service);
        }
    }

    /// <param name="opened">Connections the service has opened at the sink in the whole run.</param>
    /// <param name="peakMemory">The service's, in bytes; null without a service.</param>
    public void PrintSummary(int opened, long? peakMemory)
    {
        var raw = Statistics.Median(_raw.Select(round => round.Rate));
        Print($"");
        Print($"medians of {_raw.Count}");
        Print($"raw                {raw,8:0} msg/s  {Size(_raw):0} bytes  CPU {Cpu(_raw):0.000} ms/msg (tool), sink {SinkCpu(_raw):0.000}");
        if (peakMemory is null)
        {
            return;
        }

        var service = Statistics.Median(_service.Select(round => round.Rate));
        Print($"service            {service,8:0} msg/s  {Size(_service):0} bytes  CPU {Cpu(_service):0.000} ms/msg (service), sink {SinkCpu(_service):0.000}");
        Print($"service / raw      {service / raw,8:0.000}");
        PrintPercentiles("accept", _service.SelectMany(round => round.Accept));
        PrintPercentiles("accept-to-arrival", _service.SelectMany(round => round.Deliver));
        Print($"SMTP connections opened by the service: {opened} in the whole run; in the rounds {string.Join(", ", _service.Select(round => round.Opened))}");
        Print($"service's peak memory {peakMemory / 1048576.0:0} MiB");
    }

    private static void PrintRound(string name, RoundResult round) =>
        Print($"{name} {round.Rate,8:0} msg/s  CPU {round.SenderCpu:0.000} ms/msg  connections opened {round.Opened}");

    private static void PrintPercentiles(string name, IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        Print($"{name,-18} p50 {Statistics.Percentile(sorted, 0.5):0.00} ms  p95 {Statistics.Percentile(sorted, 0.95):0.00} ms  p99 {Statistics.Percentile(sorted, 0.99):0.00} ms");
    }

    private static double Size(List<RoundResult> rounds) => rounds.Average(round => round.MeanSize);

    private static double Cpu(List<RoundResult> rounds) => Statistics.Median(rounds.Select(round => round.SenderCpu));

    private static double SinkCpu(List<RoundResult> rounds) => Statistics.Median(rounds.Select(round => round.SinkCpu));

    private static void Print(FormattableString line) => Console.WriteLine(Invariant(line));
}
