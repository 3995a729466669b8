using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EmailFunctions.Validation;

namespace EmailFunctions.Outbound;

/// <summary>A host that was named, read in one way only: whatever two readers could take for different hosts is none.</summary>
/// <param name="Name">In lower case and ASCII.</param>
/// <param name="Address">The address that the name is; null: it has to be looked up.</param>
public sealed record OutboundHost(string Name, IPAddress? Address)
{
    // Of this machine or network, by RFC 6761, RFC 6762, RFC 8375, what ICANN has set aside for private use (2024), and old habit.
    private static readonly string[] LocalSuffixes = [".localhost", ".localdomain", ".local", ".internal", ".home.arpa"];

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>Whether the name is this machine's by definition (RFC 6761 section 6.3).</summary>
    public bool IsLocalhost => Name == "localhost" || Name.EndsWith(".localhost", StringComparison.Ordinal);

    /// <summary>Whether it is a name that no public server has: without a dot, or below what is set aside for private networks.</summary>
    public bool IsLocalName => Address is null && (!Name.Contains('.', StringComparison.Ordinal) || LocalSuffixes.Any(suffix => Name.EndsWith(suffix, StringComparison.Ordinal)));

    /// <summary>Reads a host; null: it is none, or is written in a way that not all readers understand alike.</summary>
    public static OutboundHost? Parse(string text) =>
        text.Contains(':', StringComparison.Ordinal) ? ParseIPv6(text)
        : EndsInNumber(text) ? ParseIPv4(text)
        : ParseName(text);

    // The framework's parser also takes a port behind the brackets, and a zone, which names a network card.
    private static OutboundHost? ParseIPv6(string text)
    {
        var bare = text is ['[', .. var within, ']'] ? within : text;
        return bare.All(static c => char.IsAsciiHexDigit(c) || c is ':' or '.') && IPAddress.TryParse(bare, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? new OutboundHost(address.ToString(), address)
            : null;
    }

    // The forms of inet_aton (127.1, 0x7f000001, 0177.0.0.1, 2130706433) mean an address to some readers and a name, or another address, to others.
    private static OutboundHost? ParseIPv4(string text) =>
        IPAddress.TryParse(text, out var address) && address.ToString() == text ? new OutboundHost(text, address) : null;

    // What the URL standard takes for an attempt at IPv4 (url.spec.whatwg.org/#ends-in-a-number-checker).
    private static bool EndsInNumber(string text)
    {
        var trimmed = text.TrimEnd('.');
        var last = trimmed[(trimmed.LastIndexOf('.') + 1)..];
        return last.Length > 0
            && (last.All(char.IsAsciiDigit) || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && last.Skip(2).All(char.IsAsciiHexDigit)));
    }

    // What may stand behind the at sign of an address is a host's name. A name without a dot never does, and has the same letters.
    private static OutboundHost? ParseName(string text) =>
        EmailAddress.IsValid("a@" + (text.Contains('.', StringComparison.Ordinal) ? text : text + ".example")) ? new OutboundHost(Idn.GetAscii(text).ToLowerInvariant(), null) : null;
}
