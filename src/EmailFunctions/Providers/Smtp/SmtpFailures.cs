using System.Globalization;
using System.Net.Sockets;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace EmailFunctions.Providers.Smtp;

/// <summary>What an exception of MailKit, or a server's refusal, means for the message (RFC 5321 section 4.2, RFC 3463).</summary>
internal static class SmtpFailures
{
    /// <summary>Reads a failure.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="contentStarted">Whether the message's content was on its way: without an answer its fate is unknown then.</param>
    public static SendResult Explain(Exception exception, bool contentStarted) => exception switch
    {
        SmtpCommandException refusal => Refused(refusal),
        AuthenticationException => Failed(SendStatus.Misconfigured, ErrorCategory.Auth, exception.Message),
        SslHandshakeException => Failed(SendStatus.Misconfigured, ErrorCategory.Config, "TLS could not be agreed on, or the server's certificate is not trusted."),
        NotSupportedException when !contentStarted && exception.Message.Contains("STARTTLS", StringComparison.Ordinal) => Failed(SendStatus.Misconfigured, ErrorCategory.Config, "The server does not offer what the configuration asks for (STARTTLS or AUTH)."),
        _ when contentStarted => Failed(SendStatus.Unknown, CategoryOf(exception), "The connection was lost before the server's answer."),
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => Failed(SendStatus.Transient, ErrorCategory.Network, "The host name is not known."),
        SocketException socket => Failed(SendStatus.Transient, ErrorCategory.Network, $"No connection: {socket.SocketErrorCode}."),
        TimeoutException => Failed(SendStatus.Transient, ErrorCategory.Timeout, "The server did not answer in time."),
        SmtpProtocolException or IOException or MailKit.ServiceNotConnectedException => Failed(SendStatus.Transient, ErrorCategory.Network, "The server closed the connection."),
        NotSupportedException => Failed(SendStatus.Permanent, ErrorCategory.Recipient, "The server does not take international addresses (SMTPUTF8)."),
        _ => Failed(SendStatus.Transient, ErrorCategory.Unexpected, exception.GetType().Name),
    };

    private static SendResult Refused(SmtpCommandException refusal)
    {
        var code = (int)refusal.StatusCode;
        var answer = string.Create(CultureInfo.InvariantCulture, $"{code} {refusal.Message}");
        return code switch
        {
            // 421 closing, 454 temporary authentication failure: the server, not the message.
            421 => Failed(SendStatus.Throttled, ErrorCategory.ProviderUnavailable, answer),
            454 => Failed(SendStatus.Throttled, ErrorCategory.ProviderUnavailable, answer),
            530 or 534 or 535 or 538 => Failed(SendStatus.Misconfigured, ErrorCategory.Auth, answer),
            552 => Failed(SendStatus.Permanent, ErrorCategory.Content, answer),
            < 500 => Failed(SendStatus.Transient, StageOf(refusal), answer),
            _ => Failed(SendStatus.Permanent, StageOf(refusal), answer),
        };
    }

    private static ErrorCategory StageOf(SmtpCommandException refusal) => refusal.ErrorCode switch
    {
        SmtpErrorCode.RecipientNotAccepted => ErrorCategory.Recipient,
        SmtpErrorCode.MessageNotAccepted => ErrorCategory.Content,
        SmtpErrorCode.SenderNotAccepted => ErrorCategory.Config,
        _ => ErrorCategory.Unexpected,
    };

    private static ErrorCategory CategoryOf(Exception exception) =>
        exception is TimeoutException or OperationCanceledException ? ErrorCategory.Timeout : ErrorCategory.Network;

    private static SendResult Failed(SendStatus status, ErrorCategory category, string answer) =>
        SendResult.Failed(status, category, answer);
}
