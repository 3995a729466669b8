using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// The service as a process of its own, as a user starts it; for what only a process can show: being refused a start, being
/// killed, being stopped. It inherits no setting from whoever runs the tests.
/// </summary>
public sealed partial class ServiceProcess : IDisposable
{
    private const int Terminate = 15;

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    // The service lets mail finish for 20 s and ends at 30 s at the latest.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(45);

    private static readonly string[] Prefixes = ["EMAIL_", "ASPNETCORE_", "FUNCTIONS_", "AzureWebJobs", "ServiceBus"];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();

    private ServiceProcess(ProcessStartInfo start, int port)
    {
        Port = port;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Calls the service.</summary>
    public HttpClient Client { get; }

    /// <summary>What the process printed so far to its standard output.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>What the process printed so far to its standard error.</summary>
    public string Errors => string.Join('\n', _errors);

    /// <summary>The most memory that it has had resident since <see cref="ResetPeakMemory"/>, in bytes.</summary>
    public long PeakMemory
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Lets <see cref="PeakMemory"/> begin anew, which only Linux can, and says how much is resident now, in bytes.</summary>
    public long ResetPeakMemory()
    {
        // proc_pid_clear_refs(5): 5 resets the peak.
        File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/clear_refs"), "5");
        _process.Refresh();
        return _process.WorkingSet64;
    }

    /// <summary>Starts the service on a data folder and waits until it answers.</summary>
    /// <param name="dataFolder">Its data folder; null: no setting names one.</param>
    /// <param name="settings">Further settings, by their environment names.</param>
    /// <param name="port">0: a free one.</param>
    /// <param name="workingFolder">Where it is started; null: where the tests run.</param>
    /// <param name="mustBeReady">False: that it answers is enough, also that something is wrong.</param>
    public static async Task<ServiceProcess> StartAsync(
        string? dataFolder, IReadOnlyDictionary<string, string>? settings = null, int port = 0, string? workingFolder = null, bool mustBeReady = true)
    {
        var service = Launch(dataFolder, settings, port, workingFolder);
        try
        {
            var waiting = Stopwatch.StartNew();
            while (!await service.IsReadyAsync(mustBeReady))
            {
                Assert.False(service._process.HasExited, $"The service ended: {service.Output}\n{service.Errors}");
                Assert.True(waiting.Elapsed < StartTime, $"The service did not get ready: {service.Output}\n{service.Errors}");
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }

            return service;
        }
        catch
        {
            service.Dispose();
            throw;
        }
    }

    /// <summary>Starts the service where it is expected to refuse, and waits for its end.</summary>
    public static async Task<EndedProcess> RefusedAsync(string dataFolder, IReadOnlyDictionary<string, string>? settings = null, int port = 0)
    {
        using var service = Launch(dataFolder, settings, port, workingFolder: null);
        Assert.True(await service.EndsWithinAsync(StartTime), $"The service did not refuse to start: {service.Output}");
        return new EndedProcess(service._process.ExitCode, service.Output, service.Errors);
    }

    /// <summary>Starts the service with a command, and waits for its end.</summary>
    public static async Task<EndedProcess> RunAsync(string workingFolder, IReadOnlyDictionary<string, string> settings, params string[] command)
    {
        using var service = Launch(null, settings, 0, workingFolder, command);
        Assert.True(await service.EndsWithinAsync(StartTime), $"The service did not end: {service.Output}");
        return new EndedProcess(service._process.ExitCode, service.Output, service.Errors);
    }

    /// <summary>Ends the process at once, by SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Asks the process to stop as a user or a host does, by SIGTERM.</summary>
    public void RequestStop() => Assert.Equal(0, SendSignal(_process.Id, Terminate));

    /// <summary>Waits for the end of a process that was asked to stop, and checks that it ended well.</summary>
    public async Task WaitForStopAsync()
    {
        Assert.True(await EndsWithinAsync(StopTime), $"The service did not stop: {Output}\n{Errors}");
        Assert.True(_process.ExitCode == 0, $"Exit code {_process.ExitCode}: {Output}\n{Errors}");
    }

    /// <summary>Stops the process as a user or a host does, by SIGTERM, and waits for its end.</summary>
    public Task StopAsync()
    {
        RequestStop();
        return WaitForStopAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        Client.Dispose();
    }

    /// <summary>A TCP port that nobody listens on right now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static ServiceProcess Launch(string? dataFolder, IReadOnlyDictionary<string, string>? settings, int port, string? workingFolder, params string[] command)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingFolder ?? "" };
        start.ArgumentList.Add(typeof(Program).Assembly.Location);
        foreach (var argument in command)
            start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList())
            start.Environment.Remove(name);
        port = port == 0 ? FreePort() : port;
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        if (dataFolder is not null)
            start.Environment["EMAIL_DATA_DIR"] = dataFolder;
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new ServiceProcess(start, port);
    }

    private static bool IsSetting(string name) =>
        Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    // Null marks the end of a stream.
    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
            lines.Enqueue(line);
    }

    private async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        try
        {
            // Also waits until all that was printed has been read.
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(time, TestContext.Current.CancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Whether it answers, and says that it is ready.</summary>
    public Task<bool> IsReadyAsync() => IsReadyAsync(mustBeReady: true);

    private async Task<bool> IsReadyAsync(bool mustBeReady)
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode || !mustBeReady;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>How a process ended: a command, or a start that was refused.</summary>
/// <param name="ExitCode">The process's exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error: what the user is told.</param>
public sealed record EndedProcess(int ExitCode, string Output, string Errors);
