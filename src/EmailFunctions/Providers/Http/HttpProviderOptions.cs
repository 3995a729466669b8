using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.Providers.Http;

/// <summary>How this process uses providers that speak HTTP, whichever tenant's they are.</summary>
public sealed record HttpProviderOptions
{
    /// <summary>Connections at once of one owner to one server; further calls wait for one.</summary>
    public int MaxConnections { get; init; } = 8;

    /// <summary>How long a connection may wait unused before it is closed: less than the vendors' own limits, so that it is seldom they who close it.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a connection is used at most; then the vendor's name is looked up again.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Name resolution, TCP and TLS together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>One message, from the wait for a connection to the answer.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>One probe.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Certificate authorities that count instead of the system's; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }
}
