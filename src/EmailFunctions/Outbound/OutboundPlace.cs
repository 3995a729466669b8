namespace EmailFunctions.Outbound;

/// <summary>What is spoken at a place.</summary>
public enum PlaceKind
{
    Smtp,
    Http,
}

/// <summary>Where a connection is to go.</summary>
/// <param name="Host">The host, as it was named.</param>
/// <param name="Port">The port.</param>
/// <param name="Kind">What is spoken there.</param>
public sealed record OutboundPlace(string Host, int Port, PlaceKind Kind);

/// <summary>Why a place is not called.</summary>
/// <param name="IsAboutPort">Whether its port is to blame, and not its host.</param>
/// <param name="Must">What it would have to be: begins with "must".</param>
public sealed record Refusal(bool IsAboutPort, string Must);

/// <summary>A place that was not called. Names the host as it was named, and none of the addresses that it leads to.</summary>
internal sealed class OutboundRefusedException(string host, Refusal refusal)
    : Exception($"The {(refusal.IsAboutPort ? "port of" : "host")} {Cut(host)} {refusal.Must}.")
{
    // What to do stands behind it, and answers are cut.
    private const int MaxHostLength = 80;

    private static string Cut(string host) => host.Length > MaxHostLength ? host[..MaxHostLength] + "…" : host;
}
