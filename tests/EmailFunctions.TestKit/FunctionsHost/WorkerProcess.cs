using System.ComponentModel;
using System.Diagnostics;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>The custom handler as a process.</summary>
internal sealed class WorkerProcess : IFunctionsWorker
{
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly Task<int> _exited;

    public WorkerProcess(WorkerStart start)
    {
        var info = new ProcessStartInfo(start.Executable, start.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = start.WorkingDirectory,
        };
        info.Environment.Clear();
        foreach (var (name, value) in start.Environment)
        {
            info.Environment[name] = value;
        }

        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Pass(start.Output, line.Data);
        _process.ErrorDataReceived += (_, line) => Pass(start.Error, line.Data);
        try
        {
            _process.Start();
        }
        catch (Win32Exception error)
        {
            _process.Dispose();
            throw new FunctionsHostException($"The worker '{start.Executable}' does not start: {error.Message}");
        }

        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _exited = WaitAsync();
    }

    public Task<int> Exited => _exited;

    public void Kill() => _process.Kill(entireProcessTree: true);

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Task.WhenAny(_exited, Task.Delay(KillTime));
        _process.Dispose();
    }

    // Null marks the end of a stream.
    private static void Pass(Action<string> take, string? line)
    {
        if (line is not null)
        {
            take(line);
        }
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }
}
