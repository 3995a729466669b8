using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using EmailFunctions.TestKit.Protocol;

namespace EmailFunctions.TestKit;

/// <summary>
/// An SMTP server on the loopback address that accepts and records messages and can be scripted to fail. All
/// members may be used from any thread.
/// </summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private const int Backlog = 512;

    private readonly SinkState _state;
    private readonly Socket _listener;
    private readonly Task _accepting;
    private readonly bool _ownsCertificate;
    private int _disposed;

    private SmtpSink(SinkState state, Socket listener, bool ownsCertificate)
    {
        _state = state;
        _listener = listener;
        _ownsCertificate = ownsCertificate;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The server certificate (given or self-signed), or null without TLS.</summary>
    public X509Certificate2? Certificate => _state.Certificate;

    /// <summary>The fault script; null for none. A new one counts from each connection's next stage on.</summary>
    public Func<SmtpFaultContext, SmtpFault?>? Fault
    {
        get => _state.Fault;
        set => _state.Fault = value;
    }

    /// <summary>How many connections may be open at once; those that are stay.</summary>
    public int MaxConnections
    {
        get => _state.MaxConnections;
        set => _state.MaxConnections = value;
    }

    /// <summary>A copy of the messages accepted so far, in order of acceptance.</summary>
    public IReadOnlyList<SmtpSinkMessage> Messages => _state.Messages.Snapshot();

    /// <summary>All connections since the start, in the order of their numbers.</summary>
    public IReadOnlyList<SmtpSinkConnection> Connections => _state.Connections.All();

    /// <summary>The most connections that each user had at the same time since the start.</summary>
    public IReadOnlyDictionary<string, int> UsersAtOnce => _state.Connections.UsersAtOnce();

    /// <summary>Errors inside the sink or thrown by a fault script; each has ended its connection.</summary>
    public IReadOnlyList<Exception> Errors => [.. _state.Errors];

    /// <summary>The counts now.</summary>
    public SmtpSinkCounts Counts
    {
        get
        {
            var (opened, now, atOnce) = _state.Connections.Counts;
            return new(opened, now, atOnce, _state.Messages.Count.Value, _state.Resets);
        }
    }

    /// <summary>Starts a sink; it listens when this returns.</summary>
    /// <param name="options">Its behaviour; null for the defaults.</param>
    /// <exception cref="SocketException">The port cannot be used.</exception>
    public static SmtpSink Start(SmtpSinkOptions? options = null)
    {
        options ??= new SmtpSinkOptions();
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, options.Port));
            listener.Listen(Backlog);
            var makesCertificate = options.Tls != SmtpSinkTls.None && options.Certificate is null;
            var certificate = options.Tls == SmtpSinkTls.None ? null
                : options.Certificate ?? SelfSignedCertificate.Create();
            return new SmtpSink(new SinkState(options, certificate), listener, makesCertificate);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Waits until at least that many messages have been accepted since the start or the last clear.</summary>
    /// <param name="count">How many.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Fewer came in that time; the text says how many.</exception>
    public Task WaitForCountAsync(int count, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _state.Messages.Count.WaitUntilAsync(value => value >= count, timeout, cancellationToken);

    /// <summary>Waits until no connection is open.</summary>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Some were still open; the text says how many.</exception>
    public Task WaitForNoConnectionsAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _state.Connections.Now.WaitUntilAsync(value => value == 0, timeout, cancellationToken);

    /// <summary>Breaks all open connections (RST) at once; new ones are accepted as before.</summary>
    public void DropAllConnections() => _state.Connections.BreakAll();

    /// <summary>Forgets the recorded messages and sets the counts to zero, except those of open connections.</summary>
    public void Clear() => _state.Clear();

    /// <summary>Stops listening, breaks all connections and waits until their work has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        _state.Connections.BreakAll();
        await _state.Connections.Now.WaitUntilAsync(
            value => value == 0, Timeout.InfiniteTimeSpan, CancellationToken.None).ConfigureAwait(false);
        if (_ownsCertificate)
        {
            _state.Certificate?.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (Volatile.Read(ref _disposed) != 0)
                {
                    return;
                }

                // A client that gave up in the backlog; the listener itself is fine.
                continue;
            }

            socket.NoDelay = true;
            var connection = new SmtpConnection(_state, socket, _state.Connections.NextNumber());
            _state.Connections.Add(connection);

            // RunAsync deals with its own errors and takes the connection out of the table at its end.
            _ = Task.Run(connection.RunAsync);
        }
    }
}
