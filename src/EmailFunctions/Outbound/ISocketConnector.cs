using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Outbound;

/// <summary>Connects to addresses.</summary>
internal interface ISocketConnector
{
    /// <summary>A connection to just this address.</summary>
    /// <exception cref="SocketException">There is none to be had.</exception>
    Task<Socket> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken);
}

/// <summary>Over TCP.</summary>
internal sealed class TcpConnector : ISocketConnector
{
    public async Task<Socket> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        // With Nagle's algorithm a message of some KB waits for a delayed acknowledgement.
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
