using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Amqp;
using Amqp.Listener;
using EmailFunctions.TestKit.Protocol;
using EmailFunctions.TestKit.ServiceBus.Protocol;

namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>
/// A stand-in for Service Bus on the loopback address, in real time, that can be scripted to fail. Clients connect with SASL
/// ANONYMOUS and may put tokens on <c>$cbs</c>. All members may be used from any thread.
/// </summary>
public sealed class ServiceBusBroker : IAsyncDisposable
{
    private const int PortAttempts = 10;

    private readonly ConcurrentDictionary<string, ServiceBusQueue> _queues = new(StringComparer.OrdinalIgnoreCase);
    private readonly OpenLinks _links = new();
    private readonly TokenDesk _tokens;
    private readonly AttachDesk _desk;
    private readonly ContainerHost _host;
    private readonly AmqpProxy _proxy;
    private readonly Timer _timer;
    private int _disposed;

    private ServiceBusBroker(ServiceBusBrokerOptions options)
    {
        _tokens = new TokenDesk(options.CheckToken);
        _desk = new AttachDesk(Find, _tokens, _links);
        (_host, var port) = Open(options);
        _host.RegisterRequestProcessor("$cbs", _tokens);
        _host.RegisterLinkProcessor(_desk);
        Certificate = options.UseTls ? SelfSignedCertificate.Create() : null;
        _proxy = AmqpProxy.Start(port, Certificate);
        var often = TimeSpan.FromMilliseconds(50);
        _timer = new Timer(_ => DetachOutdated(options), null, often, often);
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port => _proxy.Port;

    /// <summary>The server's certificate; null without TLS.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Cuts connections at steps.</summary>
    public AmqpCuts Cuts => _proxy.Cuts;

    /// <summary>The tokens that were put so far, good ones and others.</summary>
    public IReadOnlyList<ServiceBusToken> Tokens => _tokens.Tokens;

    /// <summary>Connections accepted so far.</summary>
    public int ConnectionsAccepted => _proxy.Accepted;

    /// <summary>Connections that are open now.</summary>
    public int ConnectionsOpen => _proxy.Open;

    /// <summary>Links to queues that were opened so far.</summary>
    public int LinksOpened => _links.Opened;

    /// <summary>Links to queues that are open now.</summary>
    public int LinksOpen => _links.Count;

    /// <summary>Starts a broker without queues; it listens when this returns.</summary>
    /// <param name="options">Its behaviour; null for the defaults.</param>
    public static ServiceBusBroker Start(ServiceBusBrokerOptions? options = null) => new(options ?? new ServiceBusBrokerOptions());

    /// <summary>Makes a queue, and its dead-letter queue <c>NAME/$DeadLetterQueue</c>.</summary>
    /// <param name="name">The name; case doesn't matter.</param>
    /// <param name="options">Its behaviour; null for the defaults.</param>
    public ServiceBusQueue CreateQueue(string name, ServiceBusQueueOptions? options = null)
    {
        var queue = new ServiceBusQueue(name, options ?? new ServiceBusQueueOptions(), isDeadLetterQueue: false);
        if (!_queues.TryAdd(name, queue))
        {
            queue.Dispose();
            throw new ArgumentException("There is such a queue.", nameof(name));
        }

        _queues[queue.DeadLetterQueue!.Name] = queue.DeadLetterQueue;
        return queue;
    }

    /// <summary>The queue, or dead-letter queue, of this name.</summary>
    /// <param name="name">The name; case doesn't matter.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public ServiceBusQueue Queue(string name) => Find(name) ?? throw new KeyNotFoundException("There is no such queue.");

    /// <summary>Refuses the next links, whatever they are to.</summary>
    /// <param name="links">How many; 0 ends what was scripted before.</param>
    /// <param name="condition">The error's condition.</param>
    public void RefuseLinks(int links, string condition) => _desk.RefuseNext(links, condition);

    /// <summary>Detaches all links to queues now.</summary>
    /// <param name="condition">The error's condition.</param>
    public void DetachLinks(string condition = ErrorCode.DetachForced) =>
        _links.Detach(static (_, _, _) => true, condition, "Told to.");

    /// <summary>Ends all sessions with links to queues now.</summary>
    /// <param name="condition">The error's condition.</param>
    public void EndSessions(string condition = ErrorCode.InternalError) => _links.End(static link => link.Session, condition, "Told to.");

    /// <summary>Closes all connections with links to queues now, as AMQP wants it done.</summary>
    /// <param name="condition">The error's condition.</param>
    public void CloseConnections(string condition = ErrorCode.ConnectionForced) =>
        _links.End(static link => link.Session.Connection, condition, "Told to.");

    /// <summary>Breaks all TCP connections at once.</summary>
    public void DropConnections() => _proxy.DropAllConnections();

    /// <summary>Stops listening, breaks all connections and forgets the queues.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _proxy.DisposeAsync().ConfigureAwait(false);
        _host.Close();
        foreach (var queue in _queues.Values)
        {
            queue.Dispose();
        }

        Certificate?.Dispose();
    }

    // Clients connect to the proxy, so this port is nobody's business. The library can't tell which it got, so one is chosen.
    private static (ContainerHost Host, int Port) Open(ServiceBusBrokerOptions options)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var host = new ContainerHost([$"amqp://127.0.0.1:{port}"]);
            var listener = host.Listeners[0];
            listener.SASL.EnableAnonymousMechanism = true;
            if (options.PlainLogin is { } login)
            {
                listener.SASL.EnablePlainMechanism(login.User, login.Password);
            }

            try
            {
                host.Open();
                return (host, port);
            }
            catch (SocketException) when (attempt < PortAttempts)
            {
                // Somebody else got it.
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private ServiceBusQueue? Find(string name) => _queues.GetValueOrDefault(name);

    private void DetachOutdated(ServiceBusBrokerOptions options)
    {
        _links.Detach((connection, entity, _) => !_tokens.Allows(connection, entity), ErrorCode.UnauthorizedAccess, "The token has ended.");
        if (options.LinkIdleTimeout is { } timeout)
        {
            var oldest = DateTimeOffset.UtcNow - timeout;
            _links.Detach((_, _, used) => used < oldest, ErrorCode.DetachForced, "Idle.");
        }
    }
}
