using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Startup;

/// <summary>An executable whose start is measured.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Executable">Its path.</param>
/// <param name="Path">The request that it must answer with 200.</param>
/// <param name="Settings">Its environment, by the port that it is to listen on.</param>
internal sealed record Candidate(string Name, string Executable, string Path, Func<int, Dictionary<string, string>> Settings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Starts it, asks until it answers 200, and ends it.</summary>
    /// <returns>From the start of the process to the answer.</returns>
    public async Task<TimeSpan> MeasureAsync()
    {
        var port = FreePort();
        var start = new ProcessStartInfo(Executable) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Settings(port))
            start.Environment[name] = value;
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        try
        {
            while (!await AnswersAsync(client))
            {
                if (process.HasExited || clock.Elapsed > Patience)
                    throw new InvalidOperationException($"{Name} did not start: {await process.StandardError.ReadToEndAsync()}");
                await Task.Delay(1);
            }

            return clock.Elapsed;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(Path, UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
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
}
