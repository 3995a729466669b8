using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace EmailFunctions.Outbound;

/// <summary>A place that the operator allows tenants to name although it is not public, or has another port than usual.</summary>
/// <param name="Name">A host's name, whatever addresses it has; null: a network.</param>
/// <param name="Network">A network, or an address; null: a name.</param>
/// <param name="Port">The only port; null: any.</param>
public sealed record AllowedPlace(string? Name, IPNetwork? Network, int? Port)
{
    /// <summary>Whether this is about a host of that name.</summary>
    public bool Matches(string name, int port) => Name == name && MatchesPort(port);

    /// <summary>Whether this is about that address.</summary>
    public bool Matches(IPAddress address, int port) => Network is { } network && network.Contains(address) && MatchesPort(port);

    /// <summary>Whether this is about that port.</summary>
    public bool MatchesPort(int port) => Port is null || Port == port;

    /// <summary>Whether this is about nothing but what is never called.</summary>
    public bool IsInVain => Network is { } network && SpecialNetworks.All.Any(special => special.IsNeverCalled && special.Contains(network));

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>10.0.0.0/8</c>, <c>10.0.0.0/8:25</c>, <c>fd12::/48</c> or <c>[fd12::/48]:25</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AllowedPlace? place)
    {
        place = null;
        var (host, port) = Split(text);
        if (port is not null && !IsPort(port))
            return false;
        var number = port is null ? (int?)null : int.Parse(port, CultureInfo.InvariantCulture);
        if (host.Split('/') is [var address, var length])
            place = ParseNetwork(address, length) is { } network ? new AllowedPlace(null, network, number) : null;
        else if (OutboundHost.Parse(host) is { } parsed)
            place = parsed.Address is { } single ? new AllowedPlace(null, new IPNetwork(single, single.GetAddressBytes().Length * 8), number) : new AllowedPlace(parsed.Name, null, number);
        return place is not null;
    }

    /// <summary>Whether a text is the number of a port.</summary>
    public static bool IsPort(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65_535;

    // Colons within an address are no port's.
    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
            return text[(end + 1)..] is [':', .. var port] ? (text[1..end], port) : (end == text.Length - 1 ? text[1..end] : text, null);
        return text.Split(':') is [var host, var behind] ? (host, behind) : (text, null);
    }

    // Of an address within a network, which other programs take for the network, it is not clear which of them is meant.
    private static IPNetwork? ParseNetwork(string address, string length) =>
        OutboundHost.Parse(address)?.Address is { } first && IPNetwork.TryParse($"{address}/{length}", out var network) && network.BaseAddress.Equals(first) ? network : null;
}
