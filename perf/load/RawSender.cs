using System.Net.Sockets;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace EmailFunctions.Load;

/// <summary>The yardstick: MailKit on pooled connections with nothing around it.</summary>
internal sealed class RawSender : IDisposable
{
    private readonly LoadMessage _message;
    private readonly SmtpClient[] _clients;

    private RawSender(LoadMessage message, SmtpClient[] clients)
    {
        _message = message;
        _clients = clients;
    }

    public static async Task<RawSender> ConnectAsync(LoadMessage message, int port, int connections)
    {
        var clients = new SmtpClient[connections];
        for (var i = 0; i < connections; i++)
        {
            // MailKit's own sockets leave Nagle's algorithm on, which would add waits that no good pool has.
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync("127.0.0.1", port);
            clients[i] = new SmtpClient();
            await clients[i].ConnectAsync(socket, "127.0.0.1", port, SecureSocketOptions.None);
        }

        return new RawSender(message, clients);
    }

    /// <summary>Sends one message for each id; every connection takes the next one as soon as it is free.</summary>
    public Task SendAsync(string[] ids)
    {
        var next = -1;
        return Task.WhenAll(_clients.Select(client => Task.Run(async () =>
        {
            int index;
            while ((index = Interlocked.Increment(ref next)) < ids.Length)
            {
                using var mime = _message.ToMime(ids[index]);
                await client.SendAsync(mime);
            }
        })));
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }
}
