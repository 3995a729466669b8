using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>One client's connection and the one to the broker that belongs to it: when one ends, the other does.</summary>
internal sealed class ProxyConnection(Socket client, int brokerPort, X509Certificate2? certificate, AmqpCuts cuts) : IDisposable
{
    private readonly Socket _broker = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly FrameWatch _watch = new(cuts);

    public async Task RunAsync()
    {
        try
        {
            client.NoDelay = true;
            await _broker.ConnectAsync(new IPEndPoint(IPAddress.Loopback, brokerPort)).ConfigureAwait(false);
            var near = await OpenAsync().ConfigureAwait(false);
            await using var nearClosed = near.ConfigureAwait(false);
            var far = new NetworkStream(_broker, ownsSocket: false);
            await using var farClosed = far.ConfigureAwait(false);
            var directions = new[] { ToBrokerAsync(near, far), ToClientAsync(far, near) };
            await Task.WhenAny(directions).ConfigureAwait(false);
            Dispose();
            await Task.WhenAll(directions).ConfigureAwait(false);
        }
        catch (Exception error) when (IsEnd(error))
        {
            // One of the three parties has gone.
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _broker.Dispose();
    }

    private static bool IsEnd(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or AuthenticationException or InvalidDataException;

    private async Task<Stream> OpenAsync()
    {
        var plain = new NetworkStream(client, ownsSocket: false);
        if (certificate is null)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        await secure.AuthenticateAsServerAsync(certificate).ConfigureAwait(false);
        return secure;
    }

    private async Task ToBrokerAsync(Stream near, Stream far)
    {
        while (await AmqpFrame.ReadAsync(near, default).ConfigureAwait(false) is { } frame)
        {
            if (_watch.CutsBeforeBroker(frame))
            {
                return;
            }

            if (!cuts.IsSilent)
            {
                await far.WriteAsync(frame.Bytes).ConfigureAwait(false);
            }
        }
    }

    private async Task ToClientAsync(Stream far, Stream near)
    {
        while (await AmqpFrame.ReadAsync(far, default).ConfigureAwait(false) is { } frame)
        {
            if (_watch.CutsBeforeClient(frame))
            {
                return;
            }

            if (!cuts.IsSilent)
            {
                await near.WriteAsync(frame.Bytes).ConfigureAwait(false);
            }

            if (_watch.CutsAfterClient(frame))
            {
                return;
            }
        }
    }
}
