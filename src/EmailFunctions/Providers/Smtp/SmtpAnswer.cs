using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using EmailFunctions.Outbound;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace EmailFunctions.Providers.Smtp;

/// <summary>The kinds of things that can happen to an attempt.</summary>
internal enum SmtpEvent
{
    /// <summary>The server said something.</summary>
    Reply,

    /// <summary>The server, or the token endpoint, is at a place that tenants may not have called.</summary>
    PlaceRefused,
    UnknownHost,
    NoConnection,
    ConnectionLost,
    TimedOut,

    /// <summary>What the server greets with is no SMTP.</summary>
    NoSmtp,
    NoTls,

    /// <summary>The server lacks what the configuration asks for.</summary>
    NotOffered,

    /// <summary>The server keeps the account out, in no words of its own.</summary>
    KeptOut,
    TokenRefused,
    TokenUnavailable,

    /// <summary>All connections stayed in use.</summary>
    Busy,

    /// <summary>More bytes than the server says it takes.</summary>
    TooLarge,

    /// <summary>A recipient's address needs SMTPUTF8 (RFC 6531).</summary>
    RecipientNeedsUtf8,

    /// <summary>The address that the message comes from, or is answered to, needs SMTPUTF8.</summary>
    SenderNeedsUtf8,
    Error,
}

/// <summary>A failure that is found on this side of the connection.</summary>
internal sealed class SmtpFailureException(SmtpEvent kind, string message) : Exception(message)
{
    public SmtpEvent Kind => kind;
}

/// <summary>What happened to an attempt, in the terms of <see cref="SmtpAnswers"/>.</summary>
/// <param name="Event">What happened.</param>
/// <param name="Phase">When.</param>
/// <param name="Code">The reply's code; 0 where there was none.</param>
/// <param name="Text">The reply's text, or words for the operator.</param>
internal sealed partial record SmtpAnswer(SmtpEvent Event, SmtpPhase Phase, int Code, string Text)
{
    /// <summary>The server may have the message.</summary>
    public bool IsHandedOver { get; init; }

    /// <summary>For the operator.</summary>
    public string Words => Event == SmtpEvent.Reply ? string.Create(CultureInfo.InvariantCulture, $"{Code} {Text}") : Text;

    /// <summary>A reply to RCPT.</summary>
    public static SmtpAnswer ToRecipient(int code, string text) => new(SmtpEvent.Reply, PhaseOf(text), code, text);

    /// <summary>A failure before there was mail: the server has not seen the message, so it can't have refused that.</summary>
    public static SmtpAnswer OfOpening(Exception exception) => exception switch
    {
        AuthenticationException { InnerException: SmtpCommandException refusal } => new(SmtpEvent.Reply, SmtpPhase.Auth, (int)refusal.StatusCode, refusal.Message),
        AuthenticationException when CodeFirst().Match(exception.Message) is { Success: true } said => new(SmtpEvent.Reply, SmtpPhase.Auth, Number(said.Groups["code"]), said.Groups["text"].Value),
        AuthenticationException => new(SmtpEvent.KeptOut, SmtpPhase.Auth, 0, "The server keeps the account out: no way to prove who it is was good enough."),
        SmtpCommandException refusal => new(SmtpEvent.Reply, SmtpPhase.Greeting, (int)refusal.StatusCode, refusal.Message),
        SslHandshakeException { InnerException: not IOException } => new(SmtpEvent.NoTls, SmtpPhase.Greeting, 0, "TLS could not be agreed on, or the server's certificate is not trusted."),
        NotSupportedException => new(SmtpEvent.NotOffered, SmtpPhase.Greeting, 0, "The server does not offer what the configuration asks for (STARTTLS or AUTH)."),
        _ => OfAny(exception, SmtpPhase.Greeting),
    };

    /// <summary>A failure to send.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="watch">What was seen on the connection.</param>
    public static SmtpAnswer OfSending(Exception exception, SmtpWatch watch) => exception switch
    {
        SmtpCommandException { ErrorCode: SmtpErrorCode.RecipientNotAccepted } refusal => ToRecipient((int)refusal.StatusCode, refusal.Message),
        SmtpCommandException refusal => new(SmtpEvent.Reply, PhaseOf(refusal.ErrorCode), (int)refusal.StatusCode, refusal.Message),
        ServiceNotAuthenticatedException => new(SmtpEvent.Reply, SmtpPhase.Sender, (int)SmtpStatusCode.AuthenticationRequired, exception.Message),
        _ when watch.IsHandedOver => OfAny(exception, watch.Phase) with { IsHandedOver = true, Text = "The connection was lost before the server's answer." },
        _ => OfAny(exception, watch.Phase),
    };

    /// <summary>Whether the reply has an enhanced status code of this subject and, if one is given, detail (RFC 3463: class.subject.detail).</summary>
    public bool IsAbout(int subject, params ReadOnlySpan<int> details)
    {
        var match = Status().Match(Text);
        return match.Success
            && Number(match.Groups["subject"]) == subject
            && (details.IsEmpty || details.Contains(Number(match.Groups["detail"])));
    }

    private static SmtpAnswer OfAny(Exception exception, SmtpPhase phase) => exception switch
    {
        SmtpFailureException failure => new(failure.Kind, phase, 0, failure.Message),
        OutboundRefusedException refused => new(SmtpEvent.PlaceRefused, phase, 0, refused.Message),
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => new(SmtpEvent.UnknownHost, phase, 0, "The host name is not known."),
        SocketException socket => new(SmtpEvent.NoConnection, phase, 0, $"No connection: {socket.SocketErrorCode}."),
        OperationCanceledException or TimeoutException => new(SmtpEvent.TimedOut, phase, 0, "The message did not get through in the time allowed."),
        SslHandshakeException or SmtpProtocolException or IOException or ServiceNotConnectedException => new(SmtpEvent.ConnectionLost, phase, 0, "The server closed the connection."),
        _ => new(SmtpEvent.Error, phase, 0, exception.GetType().Name),
    };

    private static SmtpPhase PhaseOf(SmtpErrorCode error) => error switch
    {
        SmtpErrorCode.SenderNotAccepted => SmtpPhase.Sender,
        SmtpErrorCode.MessageNotAccepted => SmtpPhase.Answer,
        _ => SmtpPhase.Data,
    };

    // Postfix puts off what it has against the client or the sender until somebody is named whom it would have sent to.
    private static SmtpPhase PhaseOf(string text) =>
        AboutClient().IsMatch(text) ? SmtpPhase.Greeting
        : AboutSender().IsMatch(text) ? SmtpPhase.Sender
        : SmtpPhase.Recipient;

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("(client host|helo command) rejected", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex AboutClient();

    [GeneratedRegex("sender address rejected", RegexOptions.IgnoreCase)]
    private static partial Regex AboutSender();

    // As MailKit words it where it was told which mechanism to use.
    [GeneratedRegex(@"^(?<code>\d{3}): (?<text>.*)", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex CodeFirst();

    [GeneratedRegex(@"^\s*[245]\.(?<subject>\d{1,3})\.(?<detail>\d{1,3})\b", RegexOptions.ExplicitCapture)]
    private static partial Regex Status();
}
