using System.Diagnostics;
using System.Globalization;

namespace EmailFunctions.Load;

/// <summary>The parent's handle on the process of <see cref="SinkHost"/>.</summary>
internal sealed class SinkProcess : IAsyncDisposable
{
    private readonly Process _process;

    private SinkProcess(Process process) => _process = process;

    public int Port { get; private init; }

    /// <summary>User and system time it has used so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <param name="latency">How long it takes with each message, in milliseconds.</param>
    public static Task<SinkProcess> StartAsync(int latency = 0) => StartAsync("sink", latency.ToString(CultureInfo.InvariantCulture));

    /// <param name="arguments">What makes the tool a server that prints its port and ends with its input.</param>
    public static async Task<SinkProcess> StartAsync(params IReadOnlyList<string> arguments)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        // The sink never blocks, so it can work where its sockets report, without a hop to the thread pool.
        info.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";

        // Under "dotnet" with a .dll the process is the host, which wants the assembly first.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            info.ArgumentList.Add(typeof(SinkProcess).Assembly.Location);
        }

        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        var process = Process.Start(info) ?? throw new LoadException("The sink did not start.");
        var port = await process.StandardOutput.ReadLineAsync() ?? throw new LoadException("The sink did not start.");
        return new SinkProcess(process) { Port = Parse(port) };
    }

    public Task ClearAsync() => AskAsync("clear");

    /// <summary>Waits for that many messages and says how many there are, fewer after the timeout.</summary>
    public async Task<int> WaitAsync(int count, TimeSpan timeout) =>
        Parse(await AskAsync(string.Create(CultureInfo.InvariantCulture, $"wait {count} {Math.Ceiling(timeout.TotalSeconds)}")));

    /// <summary>Connections opened since the last clear.</summary>
    public async Task<int> OpenedAsync() => Parse(await AskAsync("opened"));

    /// <summary>The messages since the last clear.</summary>
    public async Task<Arrival[]> RecordsAsync()
    {
        var records = new Arrival[Parse(await AskAsync("records"))];
        for (var i = 0; i < records.Length; i++)
        {
            var parts = (await ReadAsync()).Split(' ', 3);
            records[i] = new(long.Parse(parts[0], CultureInfo.InvariantCulture), Parse(parts[1]), parts[2]);
        }

        return records;
    }

    public async ValueTask DisposeAsync()
    {
        // The end of its input ends it.
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int Parse(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private async Task<string> AskAsync(string command)
    {
        await _process.StandardInput.WriteLineAsync(command);
        await _process.StandardInput.FlushAsync();
        return await ReadAsync();
    }

    private async Task<string> ReadAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new LoadException("The sink ended early.");
}
