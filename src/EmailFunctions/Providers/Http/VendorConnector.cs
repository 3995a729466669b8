using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.Providers.Http;

/// <summary>Opens connections, TLS included, within the time allowed. The handler's own limit knows no clock but the machine's.</summary>
internal sealed class VendorConnector(HttpProviderOptions options, TimeProvider time)
{
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
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new NetworkStream(socket, ownsSocket: true);
        return IsForTls(context) ? await SecureAsync(stream, context.DnsEndPoint, cancellationToken) : stream;
    }

    // A proxy is called in clear, and the handler asks it for a tunnel.
    private static bool IsForTls(SocketsHttpConnectionContext context) =>
        context.InitialRequestMessage.RequestUri is { } uri && uri.Scheme == Uri.UriSchemeHttps
        && context.DnsEndPoint.Host.Equals(uri.IdnHost, StringComparison.OrdinalIgnoreCase) && context.DnsEndPoint.Port == uri.Port;

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
