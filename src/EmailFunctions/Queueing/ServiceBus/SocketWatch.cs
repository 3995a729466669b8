using System.Net.Sockets;
using Amqp.Handler;
using EventId = Amqp.Handler.EventId;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>
/// Knows the socket of one connection, so that it can be closed where the other side says nothing: the library waits for ever
/// for an answer in its handshake, and for the other side's close.
/// </summary>
internal sealed class SocketWatch : IHandler
{
    private readonly Lock _gate = new();
    private Socket? _socket;
    private bool _closed;

    public bool CanHandle(EventId id) => id == EventId.SocketConnect;

    public void Handle(Event protocolEvent)
    {
        lock (_gate)
        {
            _socket = protocolEvent.Context as Socket;
            if (_closed)
                _socket?.Dispose();
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _socket?.Dispose();
        }
    }
}
