using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// A broker that this project did not write, as a process group of its own in a temporary folder. A shell between the tests and the
/// broker ends it also when the test process is killed, because the kernel then closes the shell's input.
/// </summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private const string GuardScript = """
        root=$1
        shift
        # Ctrl-C reaches the whole terminal group; the guard must outlive the tests.
        trap '' INT HUP
        exec >>"$root/guard.log" 2>&1
        setsid "$@" </dev/null >>"$root/broker.log" 2>&1 &
        leader=$!
        # A broker that ends by itself ends the guard.
        (while kill -0 $leader; do sleep 0.2; done; kill $$) &
        watch=$!
        trap 'kill -s KILL -- "-$leader"; exit 1' TERM
        read -r end
        trap '' TERM
        kill $watch
        kill -s TERM -- "-$leader"
        (trap 'kill $pause; exit' TERM; sleep 15 & pause=$!; wait $pause; kill -s KILL -- "-$leader") &
        late=$!
        wait $leader
        kill -s KILL -- "-$leader"
        kill $late
        exit 0
        """;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly Process _guard;
    private readonly string _log;

    private BrokerProcess(Process guard, string log)
    {
        _guard = guard;
        _log = log;
    }

    /// <summary>Starts a command, and returns when it is ready.</summary>
    /// <param name="root">Its folder; the log goes there, too.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="port">A port on which it then listens.</param>
    /// <param name="readyText">What its log then holds; empty for nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<BrokerProcess> StartAsync(
        string root, string[] command, Dictionary<string, string> environment, int port, string readyText, CancellationToken cancellationToken)
    {
        var log = Path.Combine(root, "broker.log");
        await File.WriteAllTextAsync(log, "", cancellationToken);
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        foreach (var argument in (string[])["-c", GuardScript, "broker-guard", root, .. command])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var broker = new BrokerProcess(Process.Start(start)!, log);
        try
        {
            await broker.WaitAsync(port, readyText, cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Stops the broker, by force if it takes too long, and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        using (_guard)
        {
            _guard.StandardInput.Close();
            using var limit = new CancellationTokenSource(StopLimit);
            await _guard.WaitForExitAsync(limit.Token);
        }
    }

    private async Task WaitAsync(int port, string readyText, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (!await IsReadyAsync(port, readyText, cancellationToken))
        {
            if (_guard.HasExited || watch.Elapsed > StartLimit)
                throw new InvalidOperationException($"The broker did not come up. Its log ends with: {Tail()}");
            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task<bool> IsReadyAsync(int port, string readyText, CancellationToken cancellationToken)
    {
        if (readyText.Length > 0 && !ReadLog().Contains(readyText, StringComparison.Ordinal))
            return false;
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string Tail() => string.Join('\n', ReadLog().Split('\n').TakeLast(20));

    private string ReadLog()
    {
        using var reader = new StreamReader(new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }
}
