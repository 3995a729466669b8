using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.Providers.Smtp;

/// <summary>How this process uses SMTP servers, whichever tenant's they are.</summary>
public sealed record SmtpOptions
{
    /// <summary>Connections at once to one tenant's server.</summary>
    public int MaxConnections { get; init; } = 8;

    /// <summary>How long a connection may wait unused before it is closed.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Name resolution, TCP, TLS, greeting and AUTH together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>One message, from MAIL FROM to the last answer.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Certificate authorities that count beside the system's, for relays with a private one.</summary>
    public X509Certificate2Collection ExtraAuthorities { get; init; } = [];
}
