using System.Net;

namespace EmailFunctions.Outbound;

/// <summary>
/// Which places tenants may have called. What is wrong with a name is told when it is configured; where it leads is looked at for each
/// connection, at the addresses that are called then.
/// </summary>
public sealed record OutboundRules
{
    /// <summary>The setting of <see cref="Allowed"/>.</summary>
    public const string AllowedSetting = "EMAIL_ALLOWED_PRIVATE_HOSTS";

    /// <summary>The setting that adds to <see cref="SmtpPorts"/>.</summary>
    public const string SmtpPortsSetting = "EMAIL_SMTP_EXTRA_PORTS";

    /// <summary>The setting that adds to <see cref="HttpPorts"/>.</summary>
    public const string HttpPortsSetting = "EMAIL_HTTPS_EXTRA_PORTS";

    private static readonly Refusal NoHost = new(false, "must be a name like mail.example.com, or an IP address in its usual form");

    private static readonly Refusal NotPublic =
        new(false, $"must not lead to this machine, a private network or another address that is not public; a relay of one's own is for the operator to allow, in {AllowedSetting}");

    /// <summary>For a service on the internet.</summary>
    public static OutboundRules Public { get; } = new();

    /// <summary>For a desk, where whoever calls is on this machine as it is.</summary>
    public static OutboundRules Desk { get; } = new() { AllowsLoopback = true };

    /// <summary>Whether this machine may be called, at any port.</summary>
    public bool AllowsLoopback { get; init; }

    /// <summary>
    /// Ports of SMTP: relay, submission, implicit TLS, and what providers offer where those are blocked
    /// (docs.aws.amazon.com/ses/latest/dg/smtp-connect.html has 2465 and 2587, others 2525).
    /// </summary>
    public IReadOnlyList<int> SmtpPorts { get; init; } = [25, 465, 587, 2465, 2525, 2587];

    /// <summary>Ports of vendors and of token endpoints.</summary>
    public IReadOnlyList<int> HttpPorts { get; init; } = [443];

    /// <summary>Places of the operator's choice, at any port unless they name one.</summary>
    public IReadOnlyList<AllowedPlace> Allowed { get; init; } = [];

    /// <summary>What is wrong with an absolute URL of http or https by its text alone; null: nothing.</summary>
    public Refusal? FindFault(Uri endpoint) =>
        // What the URL's rules make of 0x7f.1, 0127.0.0.1 or %31 is another host than stands there.
        endpoint.OriginalString.StartsWith($"{endpoint.Scheme}://{endpoint.Host}", StringComparison.OrdinalIgnoreCase) ? FindFault(new OutboundPlace(endpoint.IdnHost, endpoint.Port, PlaceKind.Http)) : NoHost;

    /// <summary>What is wrong with a place by its name alone; null: nothing, and where it leads will be seen.</summary>
    public Refusal? FindFault(OutboundPlace place)
    {
        if (OutboundHost.Parse(place.Host) is not { } host)
            return NoHost;
        if (host.Address is { } address)
            return FindFault(place, host, address);
        if (IsAllowedName(host, place.Port) || (AllowsLoopback && host.IsLocalhost))
            return null;
        if (host.IsLocalName)
            return NotPublic;
        // Of a network whose ports are the operator's choice, which only its addresses can tell.
        return AllowsLoopback || Allowed.Any(allowed => allowed.Network is not null && allowed.MatchesPort(place.Port)) ? null : FindPortFault(place);
    }

    /// <summary>What is wrong with an address that a place leads to; null: nothing.</summary>
    internal Refusal? FindFault(OutboundPlace place, OutboundHost host, IPAddress address)
    {
        var special = SpecialNetworks.Find(address);
        if (special is { IsNeverCalled: true })
            return NotPublic;
        if (IsAllowedName(host, place.Port) || Allowed.Any(allowed => allowed.Matches(address, place.Port)))
            return null;
        if (special is not null)
            return AllowsLoopback && SpecialNetworks.IsLoopback(special) ? null : NotPublic;
        return FindPortFault(place);
    }

    private bool IsAllowedName(OutboundHost host, int port) => Allowed.Any(allowed => allowed.Matches(host.Name, port));

    private Refusal? FindPortFault(OutboundPlace place)
    {
        var (ports, setting) = place.Kind == PlaceKind.Smtp ? (SmtpPorts, SmtpPortsSetting) : (HttpPorts, HttpPortsSetting);
        return ports.Contains(place.Port) ? null : new Refusal(true, $"must be {Words(ports)}; the operator can allow others in {setting}");
    }

    private static string Words(IReadOnlyList<int> ports) => ports.Count == 1 ? $"{ports[0]}" : $"{string.Join(", ", ports.Take(ports.Count - 1))} or {ports[^1]}";
}
