using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.Providers.Smtp;

/// <summary>How this process uses SMTP servers, whichever tenant's they are.</summary>
/// <remarks>
/// RFC 5321 section 4.5.3.2 allows minutes for each step. Here they are tens of seconds, since a message's claim ends after five
/// minutes and somebody else would take it then.
/// </remarks>
public sealed record SmtpOptions
{
    /// <summary>Connections at once to one tenant's server.</summary>
    public int MaxConnections { get; init; } = 8;

    /// <summary>How long a connection may wait unused before it is closed.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After a server said that it takes no more connections: how long until one more than it took then is tried.</summary>
    public TimeSpan LimitTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a message waits for a connection while all are in use.</summary>
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Name resolution and TCP.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Each answer before there is mail: the greeting, EHLO, the TLS handshake, AUTH.</summary>
    public TimeSpan GreetingTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An access token, where the account needs one.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The answer to MAIL.</summary>
    public TimeSpan SenderTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The answer to each RCPT.</summary>
    public TimeSpan RecipientTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The answer to DATA.</summary>
    public TimeSpan DataTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Each piece of the content that the connection takes.</summary>
    public TimeSpan ContentTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The answer to the whole content. Longer than the others: who gives up here does not know whether the server has the message.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>All of it together, with the wait; less than the time that a provider has.</summary>
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(230);

    /// <summary>
    /// Sends content by BDAT where the server offers CHUNKING (RFC 3030). That saves a round trip for each message. But the fate of one
    /// whose connection is lost on the way is unknown then, where with DATA the missing end makes sure that it was not taken.
    /// </summary>
    public bool UseChunking { get; init; }

    /// <summary>Certificate authorities that count beside the system's, for relays with a private one.</summary>
    public X509Certificate2Collection ExtraAuthorities { get; init; } = [];

    /// <summary>How long the server may take for the next sign of life.</summary>
    internal TimeSpan Allowed(SmtpPhase phase) => phase switch
    {
        SmtpPhase.Connect => ConnectTimeout,
        SmtpPhase.Sender => SenderTimeout,
        SmtpPhase.Recipient => RecipientTimeout,
        SmtpPhase.Data or SmtpPhase.Reset => DataTimeout,
        SmtpPhase.Content => ContentTimeout,
        SmtpPhase.Answer => AnswerTimeout,
        _ => GreetingTimeout,
    };
}
