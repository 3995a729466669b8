using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Load;

/// <summary>The published service in its own process with an empty data folder.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(50);

    /// <summary>Where its standard output and standard error go.</summary>
    private static readonly string[] LogNames = ["out.log", "error.log"];

    private readonly Process _process;
    private readonly string _folder;
    private readonly Task _logging;

    private ServiceProcess(Process process, string folder, Uri address)
    {
        _process = process;
        _folder = folder;
        Address = address;
        _logging = Task.WhenAll(
            CopyAsync(process.StandardOutput.BaseStream, LogNames[0]),
            CopyAsync(process.StandardError.BaseStream, LogNames[1]));
    }

    public Uri Address { get; }

    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>User and system time it has used so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The most memory it has had resident, in bytes.</summary>
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

    public static async Task<ServiceProcess> StartAsync(string service, int connections, IReadOnlyDictionary<string, string>? settings = null)
    {
        var path = Path.GetFullPath(service);
        if (!File.Exists(path))
        {
            throw new LoadException($"There is no service at {service}.");
        }

        var folder = Directory.CreateTempSubdirectory("emailfunctions-load-").FullName;
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}"));
        var isLibrary = Path.GetExtension(path) == ".dll";
        var info = new ProcessStartInfo(isLibrary ? "dotnet" : path)
        {
            // ASP.NET reads its settings files from the working directory.
            WorkingDirectory = Path.GetDirectoryName(path),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (isLibrary)
        {
            info.ArgumentList.Add(path);
        }

        info.Environment["EMAIL_DATA_DIR"] = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        info.Environment["ASPNETCORE_URLS"] = address.GetLeftPart(UriPartial.Authority);
        info.Environment["EMAIL_SMTP_MAX_CONNECTIONS"] = connections.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        var process = Process.Start(info) ?? throw new LoadException("The service did not start.");
        var started = new ServiceProcess(process, folder, address);
        try
        {
            await started.WaitUntilHealthyAsync();
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>The last lines of what it has written, for an error text.</summary>
    public string LogTail()
    {
        var lines = LogNames
            .Select(name => Path.Combine(_folder, name))
            .Where(File.Exists)
            .SelectMany(ReadShared)
            .TakeLast(20);
        return string.Join(Environment.NewLine, lines);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Its data folder is thrown away, so it need not end in an orderly way.
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        await _logging;
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A port nobody listens on now. Another process could take it first; then the service fails to start.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static IEnumerable<string> ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Split('\n');
    }

    private async Task CopyAsync(Stream source, string name)
    {
        await using var file = new FileStream(
            Path.Combine(_folder, name), FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await source.CopyToAsync(file);
    }

    private async Task WaitUntilHealthyAsync()
    {
        using var client = new HttpClient { BaseAddress = Address };
        using var timer = new PeriodicTimer(PollTime);
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < StartTime && !_process.HasExited)
        {
            try
            {
                using var answer = await client.GetAsync("/health");
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await timer.WaitForNextTickAsync();
        }

        throw new LoadException($"The service did not become healthy. Its last words:{Environment.NewLine}{LogTail()}");
    }
}
