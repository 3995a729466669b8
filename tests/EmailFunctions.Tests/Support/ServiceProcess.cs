using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EmailFunctions.Tests.Support;

/// <summary>The service as a process of its own, as a user starts it; for what only a process can show: being killed, or stopped.</summary>
public sealed partial class ServiceProcess : IDisposable
{
    private const int Terminate = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output;

    private ServiceProcess(Process process, ConcurrentQueue<string> output, HttpClient client)
    {
        _process = process;
        _output = output;
        Client = client;
    }

    /// <summary>Calls the service.</summary>
    public HttpClient Client { get; }

    /// <summary>What the process printed so far, on both streams.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Starts the service on a data folder and waits until it answers.</summary>
    /// <param name="dataFolder">Its data folder.</param>
    /// <param name="settings">Further settings, by their environment names.</param>
    public static async Task<ServiceProcess> StartAsync(string dataFolder, IReadOnlyDictionary<string, string>? settings = null)
    {
        var port = FreePort();
        var (process, output) = Launch(dataFolder, port, settings);
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var service = new ServiceProcess(process, output, client);
        for (var tries = 0; !await IsReadyAsync(client); tries++)
        {
            Assert.False(process.HasExited, $"The service ended: {service.Output}");
            Assert.True(tries < 600, $"The service did not get ready: {service.Output}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return service;
    }

    /// <summary>Starts the service where it is expected to refuse, and returns its exit code and what it printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string dataFolder, IReadOnlyDictionary<string, string>? settings = null)
    {
        var (process, output) = Launch(dataFolder, FreePort(), settings);
        using (process)
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, string.Join('\n', output));
        }
    }

    /// <summary>Ends the process at once, as SIGKILL does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Stops the process as a user or a host does, by SIGTERM, and waits for its end.</summary>
    public async Task StopAsync()
    {
        Assert.Equal(0, SendSignal(_process.Id, Terminate));
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(_process.ExitCode == 0, $"Exit code {_process.ExitCode}: {Output}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        Client.Dispose();
    }

    private static (Process Process, ConcurrentQueue<string> Output) Launch(
        string dataFolder, int port, IReadOnlyDictionary<string, string>? settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(Program).Assembly.Location);
        start.Environment["EMAIL_DATA_DIR"] = dataFolder;
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var output = new ConcurrentQueue<string>();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return (process, output);
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
