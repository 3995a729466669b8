using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Outbound;

/// <summary>
/// Opens the connections to places that tenants name. A name is looked up once, all its addresses are checked, and those that were checked
/// are called: a name server that answers differently the next time is not asked. One address that may not be called is enough for none to
/// be: a name that leads to public and private places at once is a mistake or a trick.
/// </summary>
internal sealed class OutboundGuard(OutboundRules rules, IHostResolver resolver, ISocketConnector connector)
{
    /// <summary>Connects to a place that a tenant names. What is spoken there, TLS included, is for the caller, by the host's name.</summary>
    /// <exception cref="OutboundRefusedException">It may not be called, and was not.</exception>
    /// <exception cref="SocketException">The name is not known, or no address answers.</exception>
    public async Task<Socket> ConnectAsync(OutboundPlace place, CancellationToken cancellationToken)
    {
        if (rules.FindFault(place) is { } fault)
            throw new OutboundRefusedException(place.Host, fault);
        var host = OutboundHost.Parse(place.Host)!;
        var addresses = host.Address is { } single ? [single] : await resolver.ResolveAsync(host.Name, cancellationToken);
        foreach (var address in addresses)
        {
            if (rules.FindFault(place, host, address) is { } found)
                throw new OutboundRefusedException(place.Host, found);
        }

        return await CallAsync(addresses, place.Port, cancellationToken);
    }

    /// <summary>Connects to a place that the operator names, which may be anywhere.</summary>
    /// <exception cref="SocketException">The name is not known, or no address answers.</exception>
    public async Task<Socket> ConnectUncheckedAsync(OutboundPlace place, CancellationToken cancellationToken) =>
        await CallAsync(await resolver.ResolveAsync(place.Host, cancellationToken), place.Port, cancellationToken);

    // In the order in which the resolver gives them (RFC 6724).
    private async Task<Socket> CallAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        if (addresses.Count == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        for (var next = 0; ; next++)
        {
            try
            {
                return await connector.ConnectAsync(new IPEndPoint(addresses[next], port), cancellationToken);
            }
            catch (SocketException) when (next < addresses.Count - 1)
            {
            }
        }
    }
}
