using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using EmailFunctions.Outbound;

namespace EmailFunctions.Providers.Http;

/// <summary>Opens connections, TLS included, within the time allowed. The handler's own limit knows no clock but the machine's.</summary>
internal sealed class VendorConnector(HttpProviderOptions options, OutboundGuard guard, TimeProvider time)
{
    /// <exception cref="OutboundRefusedException">The place may not be called, and was not.</exception>
    /// <exception cref="TimeoutException">The server did not let us in within the time allowed.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await OpenAsync(context, either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The server did not let us in within the time allowed.");
        }
    }

    private async Task<Stream> OpenAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var server = context.DnsEndPoint;
        var socket = await guard.ConnectAsync(new OutboundPlace(server.Host, server.Port, PlaceKind.Http), cancellationToken);
        var stream = new NetworkStream(socket, ownsSocket: true);
        return context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps ? await SecureAsync(stream, server, cancellationToken) : stream;
    }

    private async Task<Stream> SecureAsync(NetworkStream stream, DnsEndPoint server, CancellationToken cancellationToken)
    {
        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = server.Host,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    CertificateChainPolicy = options.Authorities is { } authorities ? Trusting(authorities) : null,
                },
                cancellationToken);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    private static X509ChainPolicy Trusting(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}
