using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Free TCP ports of the loopback address.</summary>
internal static class FreePort
{
    /// <summary>A port that nobody listens on right now.</summary>
    public static int Take()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
