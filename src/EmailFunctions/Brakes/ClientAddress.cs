using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Brakes;

/// <summary>Whence a request comes, as a key of a brake.</summary>
internal static class ClientAddress
{
    /// <summary>
    /// How many keys there are at most. Whoever has a million addresses fills no memory with them; that two clients share a key is rare while few
    /// are braked, and harmless then: a brake on addresses never counts against a credential that is good.
    /// </summary>
    public const int Keys = 16_384;

    // Whoever has an IPv6 address has the 64 bits behind the network's (RFC 4291 section 2.5.4).
    private const int NetworkBytes = 8;

    /// <summary>The key of a request's address.</summary>
    public static string KeyOf(HttpContext context, bool isBehindFrontEnd)
    {
        var address = (isBehindFrontEnd ? Forwarded(context.Request.Headers["X-Forwarded-For"].ToString()) : null) ?? context.Connection.RemoteIpAddress;
        // The hash differs from process to process, so that nobody can choose an address that shares another's key.
        return ((uint)NameOf(address).GetHashCode(StringComparison.Ordinal) % Keys).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The address itself, or of IPv6 its network.</summary>
    internal static string NameOf(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, NetworkBytes)) : address.ToString();
    }

    /// <summary>The last entry, which the front end wrote; those before are the client's own word. It may have a port.</summary>
    internal static IPAddress? Forwarded(string header)
    {
        var last = header[(header.LastIndexOf(',') + 1)..].Trim();
        return IPEndPoint.TryParse(last, out var endpoint) ? endpoint.Address : null;
    }
}
