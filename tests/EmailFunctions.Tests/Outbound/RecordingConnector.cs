using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EmailFunctions.Outbound;

namespace EmailFunctions.Tests.Outbound;

/// <summary>Notes who is called, and calls a server on this machine in its place; nothing leaves the machine.</summary>
internal sealed class RecordingConnector : ISocketConnector
{
    private readonly TcpConnector _tcp = new();
    private readonly ConcurrentQueue<IPEndPoint> _called = [];

    /// <summary>The port of the server on this machine that stands for an address; null: nobody answers there.</summary>
    public Func<IPEndPoint, int?> Route { get; set; } = static _ => null;

    /// <summary>All that were called, in order.</summary>
    public IReadOnlyList<string> Called => [.. _called.Select(static address => address.ToString())];

    public Task<Socket> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        _called.Enqueue(address);
        return Route(address) is { } port
            ? _tcp.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken)
            : throw new SocketException((int)SocketError.ConnectionRefused);
    }
}
