using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using EmailFunctions.TestKit.Protocol;
using EmailFunctions.TestKit.ServiceBus.Protocol;

namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>
/// Stands between AMQP clients and a broker on the loopback address, passes on frames, and cuts connections at the steps it is
/// told. All members may be used from any thread.
/// </summary>
public sealed class AmqpProxy : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly int _brokerPort;
    private readonly X509Certificate2? _certificate;
    private readonly ConcurrentDictionary<ProxyConnection, Task> _connections = new();
    private readonly AwaitableCount _open = new();
    private readonly Task _accepting;
    private int _accepted;
    private int _disposed;

    private AmqpProxy(Socket listener, int brokerPort, X509Certificate2? certificate)
    {
        _listener = listener;
        _brokerPort = brokerPort;
        _certificate = certificate;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Where connections are cut.</summary>
    public AmqpCuts Cuts { get; } = new();

    /// <summary>How many connections were accepted so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>How many connections are open now.</summary>
    public int Open => _open.Value;

    /// <summary>Starts a proxy; it listens when this returns.</summary>
    /// <param name="brokerPort">The broker's TCP port on 127.0.0.1.</param>
    /// <param name="certificate">To speak TLS with the clients (not with the broker); null for plain TCP.</param>
    public static AmqpProxy Start(int brokerPort, X509Certificate2? certificate = null)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(128);
        return new AmqpProxy(listener, brokerPort, certificate);
    }

    /// <summary>Breaks all open connections at once; new ones are accepted as before.</summary>
    public void DropAllConnections()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Dispose();
        }
    }

    /// <summary>Waits until so many connections are open.</summary>
    /// <param name="count">How many.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Another number was open all the time; the text says how many at the end.</exception>
    public Task WaitForOpenAsync(int count, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _open.WaitUntilAsync(value => value == count, timeout, cancellationToken);

    /// <summary>Stops listening, breaks all connections and waits until their work has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        DropAllConnections();
        await Task.WhenAll(_connections.Values).ConfigureAwait(false);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (Volatile.Read(ref _disposed) != 0)
                {
                    return;
                }

                continue;
            }

            Interlocked.Increment(ref _accepted);
            _open.Add(1);
            var connection = new ProxyConnection(client, _brokerPort, _certificate, Cuts);
            // The task is in the table before it can end.
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _connections[connection] = RunAsync(connection, start.Task);
            start.SetResult();
        }
    }

    private async Task RunAsync(ProxyConnection connection, Task start)
    {
        await start.ConfigureAwait(false);
        await connection.RunAsync().ConfigureAwait(false);
        _connections.TryRemove(connection, out _);
        _open.Add(-1);
    }
}
