using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace EmailFunctions.Tests.Support.Azurite;

/// <summary>Azurite as a process of Node, brought by npx. It keeps its data in memory and listens on free ports of loopback.</summary>
internal sealed partial class AzuriteProcess : IAsyncDisposable
{
    /// <summary>How it is started everywhere. An SDK may be newer than its list of API versions.</summary>
    public static readonly string[] Options = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"];

    // It ends with its standard input, so it does not outlive the tests, not even if they are killed.
    private const string Launcher =
        "const [script, ...options] = process.argv.slice(1);"
        + "process.stdin.on('end', () => process.exit()).resume();"
        + "process.argv = [process.argv[0], script, ...options];"
        + "require(script)";

    // npx downloads it the first time.
    private static readonly TimeSpan InstallTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly ConcurrentDictionary<string, string> _endpoints = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AzuriteProcess(string script)
    {
        _process = new Process { StartInfo = NewStart("node", ["-e", Launcher, script, .. Options, .. PortOptions()]), EnableRaisingEvents = true };
        // Would change the account that the tests use.
        _process.StartInfo.Environment.Remove("AZURITE_ACCOUNTS");
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException("Azurite ended while it started."));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static async Task<AzuriteServer> StartAsync()
    {
        var azurite = new AzuriteProcess(await InstallAsync());
        try
        {
            await azurite._listening.Task.WaitAsync(StartTime);
            return new AzuriteServer(AzuriteSettings.Of(azurite._endpoints["Blob"], azurite._endpoints["Queue"], azurite._endpoints["Table"]), azurite);
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(StopTime);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    /// <summary>Has npx bring the package, and finds its script where npx put it: npx itself would stand between us and Node.</summary>
    private static async Task<string> InstallAsync()
    {
        using var npx = Process.Start(NewStart(
            OperatingSystem.IsWindows() ? "npx.cmd" : "npx",
            ["--yes", "--package", $"azurite@{AzuriteFixture.Version}", "--", "node", "-p", "process.env.PATH"]))!;
        npx.StandardInput.Close();
        var (output, errors) = (npx.StandardOutput.ReadToEndAsync(), npx.StandardError.ReadToEndAsync());
        try
        {
            await npx.WaitForExitAsync().WaitAsync(InstallTime);
        }
        catch (TimeoutException)
        {
            npx.Kill(entireProcessTree: true);
            throw;
        }

        return (await output).Trim().Split(Path.PathSeparator)
            .Select(static folder => Path.GetFullPath(Path.Combine(folder, "..", "azurite", "dist", "src", "azurite.js")))
            .FirstOrDefault(File.Exists) ?? throw new InvalidOperationException($"npx does not bring azurite: {await errors}");
    }

    private static ProcessStartInfo NewStart(string file, IEnumerable<string> arguments) =>
        new(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

    private static IEnumerable<string> PortOptions() => new[] { "--blobPort", "--queuePort", "--tablePort" }.SelectMany(static option => new[] { option, "0" });

    // Null marks the end of a stream.
    private void Read(string? line)
    {
        if (line is null || Listening().Match(line) is not { Success: true } match)
            return;
        _endpoints[match.Groups["service"].Value] = match.Groups["endpoint"].Value;
        if (_endpoints.Count == 3)
            _listening.TrySetResult();
    }

    [GeneratedRegex("Azurite (?<service>Blob|Queue|Table) service is successfully listening at (?<endpoint>http://[^ ]+)")]
    private static partial Regex Listening();
}
