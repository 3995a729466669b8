using System.Net;

namespace EmailFunctions.Outbound;

/// <summary>Looks hosts up.</summary>
internal interface IHostResolver
{
    /// <summary>The addresses of a host, in the order in which they are to be called.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name is not known, or nobody could be asked.</exception>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}

/// <summary>As this machine looks hosts up.</summary>
internal sealed class SystemResolver : IHostResolver
{
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) => await Dns.GetHostAddressesAsync(host, cancellationToken);
}
