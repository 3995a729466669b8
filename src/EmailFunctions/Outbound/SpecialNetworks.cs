using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Outbound;

/// <summary>A part of the address space in which no public server is.</summary>
/// <param name="Network">Which part.</param>
/// <param name="IsNeverCalled">Whether not even the operator can allow it: nothing there is a relay, and something there gives out credentials.</param>
internal sealed record SpecialNetwork(IPNetwork Network, bool IsNeverCalled)
{
    /// <summary>Whether all of another network is in this one.</summary>
    public bool Contains(IPNetwork other) => Network.Contains(other.BaseAddress) && other.PrefixLength >= Network.PrefixLength;
}

/// <summary>
/// The special-purpose registries (www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry), multicast, and
/// what clouds keep for themselves. Of IPv6 only 2000::/3 is given out at all, so the rest is special as a whole; and an address that holds one of
/// IPv4 is special whatever that is, since something on the way may call it.
/// </summary>
internal static class SpecialNetworks
{
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly SpecialNetwork Unassigned = Special("::/0");

    private static readonly SpecialNetwork Mapped = Never("::ffff:0:0/96");

    private static readonly SpecialNetwork[] Loopback = [Special("127.0.0.0/8"), Special("::1/128")];

    /// <summary>The parts. The first that holds an address counts.</summary>
    public static IReadOnlyList<SpecialNetwork> All { get; } =
    [
        // Instance metadata of most clouds, and with it the whole link; Azure's host; the metadata of AWS over IPv6 and of Alibaba Cloud and Oracle Cloud.
        Never("169.254.0.0/16"), Never("fe80::/10"), Never("168.63.129.16/32"), Never("fd00:ec2::254/128"), Never("100.100.100.200/32"), Never("192.0.0.192/32"),
        // "This host", multicast, broadcast.
        Never("0.0.0.0/8"), Never("::/128"), Never("224.0.0.0/4"), Never("ff00::/8"), Never("255.255.255.255/32"),
        .. Loopback,
        // Private, shared (CGNAT), unique local, site-local.
        Special("10.0.0.0/8"), Special("172.16.0.0/12"), Special("192.168.0.0/16"), Special("100.64.0.0/10"), Special("fc00::/7"), Special("fec0::/10"),
        // Protocol assignments, 6to4 relays, benchmarks, documentation, reserved.
        Special("192.0.0.0/24"), Special("192.88.99.0/24"), Special("198.18.0.0/15"), Special("192.0.2.0/24"), Special("198.51.100.0/24"), Special("203.0.113.0/24"), Special("240.0.0.0/4"),
        // IPv4 within IPv6: mapped, compatible, translated (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4. Teredo is among the protocol assignments.
        Mapped, Special("::/96"), Special("::ffff:0:0:0/96"), Special("64:ff9b::/96"), Special("64:ff9b:1::/48"), Special("2002::/16"),
        // Protocol assignments with Teredo, benchmarks and ORCHID, and documentation (RFC 3849, RFC 9637).
        Special("2001::/23"), Special("2001:db8::/32"), Special("3fff::/20"),
    ];

    /// <summary>The part that an address is in; null: it is public.</summary>
    public static SpecialNetwork? Find(IPAddress address) =>
        // The framework takes a mapped address for the one of IPv4 that it holds.
        address.IsIPv4MappedToIPv6 ? Mapped
        : All.FirstOrDefault(special => special.Network.Contains(address))
        ?? (address.AddressFamily == AddressFamily.InterNetwork || (GlobalUnicast.Contains(address) && !IsIsatap(address)) ? null : Unassigned);

    /// <summary>Whether an address is this machine's own, written in the usual way.</summary>
    public static bool IsLoopback(SpecialNetwork special) => Loopback.Contains(special);

    // RFC 5214 section 6.1: the interface is ::[0 or 200]:5efe:a.b.c.d, in whatever network.
    private static bool IsIsatap(IPAddress address) => address.GetAddressBytes().AsSpan(8, 4) is [0 or 2, 0, 0x5e, 0xfe];

    private static SpecialNetwork Special(string network) => new(IPNetwork.Parse(network), IsNeverCalled: false);

    private static SpecialNetwork Never(string network) => new(IPNetwork.Parse(network), IsNeverCalled: true);
}
