using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.TestKit;

/// <summary>How a <see cref="SmtpSink"/> behaves. Every setting has a default that suits a plain, open relay.</summary>
public sealed record SmtpSinkOptions
{
    /// <summary>TCP port on the loopback address; 0 (the default) takes any free one.</summary>
    public int Port { get; init; }

    /// <summary>The name the sink gives itself in its greeting.</summary>
    public string HostName { get; init; } = "sink.test";

    /// <summary>Whether, and how, connections are encrypted.</summary>
    public SmtpSinkTls Tls { get; init; }

    /// <summary>
    /// The server certificate, with its private key. When null and <see cref="Tls"/> asks for one, the sink makes a
    /// self-signed certificate for "localhost" and the loopback addresses. A certificate given here is not disposed.
    /// </summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>How many connections may be open at once at the start; one more is refused with 421. <see cref="SmtpSink.MaxConnections"/> can change it.</summary>
    public int MaxConnections { get; init; } = int.MaxValue;

    /// <summary>The accepted user; AUTH PLAIN and LOGIN are offered only when this is set.</summary>
    public SmtpSinkCredentials? Credentials { get; init; }

    /// <summary>Further accepted users, beside <see cref="Credentials"/>.</summary>
    public IReadOnlyList<SmtpSinkCredentials> OtherCredentials { get; init; } = [];

    /// <summary>Says whether a user is let in with an access token; AUTH XOAUTH2 is offered only when this is set.</summary>
    public Func<string, string, bool>? AcceptsToken { get; init; }

    /// <summary>With users or tokens set: whether MAIL before AUTH is refused with 530.</summary>
    public bool RequireAuthentication { get; init; } = true;

    /// <summary>Whether EHLO offers PIPELINING.</summary>
    public bool Pipelining { get; init; } = true;

    /// <summary>Whether EHLO offers CHUNKING (BDAT).</summary>
    public bool Chunking { get; init; }

    /// <summary>Whether EHLO offers BINARYMIME, which needs <see cref="Chunking"/>.</summary>
    public bool BinaryMime { get; init; }

    /// <summary>Whether EHLO offers 8BITMIME; when not, MAIL with BODY= is refused with 555.</summary>
    public bool EightBitMime { get; init; } = true;

    /// <summary>Whether EHLO offers SMTPUTF8; when not, a sender or recipient outside ASCII is refused with 553.</summary>
    public bool SmtpUtf8 { get; init; } = true;

    /// <summary>Whether EHLO offers ENHANCEDSTATUSCODES and the sink's own replies carry such codes.</summary>
    public bool EnhancedStatusCodes { get; init; } = true;

    /// <summary>Whether EHLO offers SIZE with <see cref="MaxMessageBytes"/>.</summary>
    public bool Size { get; init; } = true;

    /// <summary>The largest accepted message in bytes (dots unstuffed); a larger one is refused with 552.</summary>
    public long MaxMessageBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Whether each message's raw bytes are kept in <see cref="SmtpSinkMessage.Content"/>.</summary>
    public bool KeepContent { get; init; }

    /// <summary>Names of the headers whose values are recorded; case does not matter.</summary>
    public IReadOnlyList<string> CaptureHeaders { get; init; } = [];

    internal bool HasUsers => Credentials is not null || AcceptsToken is not null;

    /// <summary>
    /// The fault script at the start; <see cref="SmtpSink.Fault"/> can replace it later. It is called for each
    /// <see cref="SmtpStage"/> a connection reaches, by many connections at once, and answers null for "no fault".
    /// </summary>
    public Func<SmtpFaultContext, SmtpFault?>? Fault { get; init; }
}
