using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// A mail server that this project did not write, on loopback ports that are difficult in one way each. It takes mail for anybody at
/// <see cref="PostfixServer.Domain"/>, but <c>refused</c> (550) and <c>deferred</c> (450).
/// </summary>
internal interface IRealMailServer : IAsyncDisposable
{
    /// <summary>The largest message at <see cref="SmallPort"/>, in bytes.</summary>
    const int SmallBytes = 100_000;

    /// <summary>Connections at once at <see cref="FewPort"/>.</summary>
    const int FewConnections = 2;

    /// <summary>Neither TLS nor a login.</summary>
    int PlainPort { get; }

    /// <summary>STARTTLS, and after it mail only once logged in.</summary>
    int StartTlsPort { get; }

    int SmallPort { get; }

    int FewPort { get; }

    /// <summary>Puts off each recipient once.</summary>
    int GreyPort { get; }

    /// <summary>Thinks for a minute before it answers to the content.</summary>
    int SlowPort { get; }

    string Username { get; }

    string Password { get; }

    /// <summary>To be trusted as a root.</summary>
    X509Certificate2 Certificate { get; }

    /// <summary>Waits until a recipient has at least so many messages, and returns all that it has.</summary>
    Task<IReadOnlyList<byte[]>> WaitForMailAsync(string recipientLocalPart, int count, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Kills the processes that talk to clients at a port, at once.</summary>
    void KillSessions(int port);
}
