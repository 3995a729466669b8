using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace EmailFunctions.Providers.Smtp;

/// <summary>What an exception of MailKit, or a server's refusal, means for the message (RFC 5321 section 4.2, RFC 3463).</summary>
internal static partial class SmtpFailures
{
    /// <summary>Reads a failure to connect or to be let in. The server has not seen the message, so it can't have refused that.</summary>
    public static SendResult ExplainOpening(Exception exception) => exception switch
    {
        AuthenticationException { InnerException: SmtpCommandException refusal } => Refused(refusal, ErrorCategory.ProviderUnavailable, SendStatus.Misconfigured, ErrorCategory.Auth),
        AuthenticationException => Failed(SendStatus.Misconfigured, ErrorCategory.Auth, exception.Message),
        SslHandshakeException { InnerException: IOException lost } => Lost(lost),
        SslHandshakeException => Failed(SendStatus.Misconfigured, ErrorCategory.Config, "TLS could not be agreed on, or the server's certificate is not trusted."),
        NotSupportedException => Failed(SendStatus.Misconfigured, ErrorCategory.Config, "The server does not offer what the configuration asks for (STARTTLS or AUTH)."),
        SmtpCommandException refusal => Refused(refusal, ErrorCategory.ProviderUnavailable, SendStatus.Misconfigured, ErrorCategory.Config),
        _ => Lost(exception),
    };

    /// <summary>Reads a failure to send.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="contentStarted">Whether the message's content was on its way: without an answer its fate is unknown then.</param>
    public static SendResult ExplainSending(Exception exception, bool contentStarted) => exception switch
    {
        SmtpCommandException refusal when IsAboutRecipient(refusal) => Refused(refusal, ErrorCategory.Recipient, SendStatus.Permanent, ErrorCategory.Recipient),
        SmtpCommandException refusal => Refused(refusal, ErrorCategory.ProviderUnavailable, SendStatus.Permanent, IsAboutSender(refusal) ? ErrorCategory.Config : ErrorCategory.Content),
        ServiceNotAuthenticatedException => Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "530 " + exception.Message),
        _ when contentStarted => Failed(SendStatus.Unknown, exception is TimeoutException ? ErrorCategory.Timeout : ErrorCategory.Network, "The connection was lost before the server's answer."),
        NotSupportedException => Failed(SendStatus.Permanent, ErrorCategory.Recipient, "The server does not take international addresses (SMTPUTF8)."),
        _ => Lost(exception),
    };

    private static SendResult Lost(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => Failed(SendStatus.Transient, ErrorCategory.Network, "The host name is not known."),
        SocketException socket => Failed(SendStatus.Transient, ErrorCategory.Network, $"No connection: {socket.SocketErrorCode}."),
        TimeoutException => Failed(SendStatus.Transient, ErrorCategory.Timeout, "The server did not answer in time."),
        SmtpProtocolException or IOException or ServiceNotConnectedException => Failed(SendStatus.Transient, ErrorCategory.Network, "The server closed the connection."),
        _ => Failed(SendStatus.Transient, ErrorCategory.Unexpected, exception.GetType().Name),
    };

    private static SendResult Refused(SmtpCommandException refusal, ErrorCategory forNow, SendStatus final, ErrorCategory forGood)
    {
        var code = (int)refusal.StatusCode;
        var answer = string.Create(CultureInfo.InvariantCulture, $"{code} {refusal.Message}");
        return code switch
        {
            // Closing, and "temporary authentication failure": servers say so under load, whatever the stage.
            421 or 454 => Failed(SendStatus.Throttled, ErrorCategory.ProviderUnavailable, answer),
            530 or 534 or 535 or 538 => Failed(SendStatus.Misconfigured, ErrorCategory.Auth, answer),
            < 500 => Failed(SendStatus.Transient, forNow, answer),
            _ => Failed(final, forGood, answer),
        };
    }

    // Servers that know the mailbox only after the content say by an enhanced code that it is about the recipient.
    private static bool IsAboutRecipient(SmtpCommandException refusal) =>
        refusal.ErrorCode == SmtpErrorCode.RecipientNotAccepted
        || (refusal.ErrorCode == SmtpErrorCode.MessageNotAccepted && MailboxCode().IsMatch(refusal.Message));

    // 552 to MAIL FROM: the size that it announces.
    private static bool IsAboutSender(SmtpCommandException refusal) =>
        refusal.ErrorCode == SmtpErrorCode.SenderNotAccepted && refusal.StatusCode != SmtpStatusCode.ExceededStorageAllocation;

    private static SendResult Failed(SendStatus status, ErrorCategory category, string answer) =>
        SendResult.Failed(status, category, answer);

    // RFC 3463: x.1.y is about an address, x.2.y about a mailbox.
    [GeneratedRegex(@"^[45]\.[12]\.\d")]
    private static partial Regex MailboxCode();
}
