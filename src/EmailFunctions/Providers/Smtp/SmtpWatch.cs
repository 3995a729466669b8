using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// Sees what goes over one connection: which part of the conversation is under way, whether it goes on in time, and whether the server
/// may have the message. MailKit's own callbacks come too late for that where commands are pipelined.
/// </summary>
internal sealed class SmtpWatch(SmtpOptions options, TimeProvider time) : IProtocolLogger, ITransferProgress
{
    private CancellationTokenSource? _patience;
    private bool _endsWithDot;
    private bool _hasHeard;
    private bool _hasSpoken;
    private string? _goodbye;

    /// <summary>What is under way.</summary>
    public SmtpPhase Phase { get; private set; }

    /// <summary>The server may have all of the message in hand: without its answer nobody knows whether it took it.</summary>
    public bool IsHandedOver { get; private set; }

    IAuthenticationSecretDetector? IProtocolLogger.AuthenticationSecretDetector { get; set; }

    /// <summary>Does a part of the conversation, which ends when the server takes longer for a step than it may.</summary>
    /// <exception cref="SmtpFailureException">It did, or it does not speak SMTP.</exception>
    /// <exception cref="SmtpCommandException">The server closed the connection and said so, where MailKit reports only the former.</exception>
    public async Task<T> RunAsync<T>(SmtpPhase first, Func<CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        IsHandedOver = _endsWithDot = false;
        _goodbye = null;
        using var patience = new CancellationTokenSource(options.Allowed(first), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        (_patience, Phase) = (patience, first);
        try
        {
            return await act(either.Token);
        }
        // MailKit reports a cancellation during the handshake as a failed handshake.
        catch (Exception exception) when (either.IsCancellationRequested && exception is OperationCanceledException or SslHandshakeException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new SmtpFailureException(SmtpEvent.TimedOut, $"The server did not go on in time ({Words(Phase)}).");
        }
        catch (Exception exception) when (exception is SmtpProtocolException or IOException && _goodbye is not null && !IsHandedOver)
        {
            throw new SmtpCommandException(SmtpErrorCode.UnexpectedStatusCode, SmtpStatusCode.ServiceNotAvailable, _goodbye);
        }
        catch (SmtpProtocolException) when (_hasHeard && !_hasSpoken)
        {
            throw new SmtpFailureException(SmtpEvent.NoSmtp, "The server's greeting is no SMTP.");
        }
        finally
        {
            _patience = null;
        }
    }

    /// <summary>The next step begins, with its own time.</summary>
    public void Enter(SmtpPhase phase)
    {
        Phase = phase;
        _patience?.CancelAfter(options.Allowed(phase));
    }

    void IProtocolLogger.LogConnect(Uri uri)
    {
    }

    void IProtocolLogger.LogClient(byte[] buffer, int offset, int count)
    {
        _hasSpoken = true;
        var sent = buffer.AsSpan(offset, count);
        _endsWithDot |= Phase < SmtpPhase.Content && sent.SequenceEqual("DATA\r\n"u8);
        Enter(sent.SequenceEqual("RSET\r\n"u8) ? SmtpPhase.Reset : _endsWithDot && Phase < SmtpPhase.Content ? SmtpPhase.Data : Phase);
    }

    void IProtocolLogger.LogServer(byte[] buffer, int offset, int count)
    {
        _hasHeard = true;
        var last = LastLine(buffer.AsSpan(offset, count));
        if (last.StartsWith("421 "u8))
            _goodbye = Encoding.UTF8.GetString(last[4..]);
        // What comes after the answer to MAIL is about recipients.
        Enter(Phase == SmtpPhase.Sender ? SmtpPhase.Recipient : Phase);
    }

    // After DATA the end of the content goes out once all of this was reported, and without it the server may not take the message (RFC
    // 5321 section 4.1.1.10). After BDAT the last piece is reported when it is out: any may be the last.
    void ITransferProgress.Report(long bytesTransferred, long totalSize)
    {
        var isAll = bytesTransferred >= totalSize;
        IsHandedOver |= isAll || !_endsWithDot;
        Enter(isAll ? SmtpPhase.Answer : SmtpPhase.Content);
    }

    void ITransferProgress.Report(long bytesTransferred)
    {
        IsHandedOver = true;
        Enter(SmtpPhase.Content);
    }

    public void Dispose()
    {
    }

    private static string Words(SmtpPhase phase) => phase switch
    {
        SmtpPhase.Connect => "connecting",
        SmtpPhase.Greeting => "greeting and TLS",
        SmtpPhase.Auth => "AUTH",
        SmtpPhase.Sender => "MAIL",
        SmtpPhase.Recipient => "RCPT",
        SmtpPhase.Data => "DATA",
        SmtpPhase.Content => "content",
        SmtpPhase.Answer => "answer to the content",
        _ => "RSET",
    };

    private static ReadOnlySpan<byte> LastLine(ReadOnlySpan<byte> replies)
    {
        var text = replies.TrimEnd("\r\n"u8);
        return text[(text.LastIndexOf((byte)'\n') + 1)..];
    }
}
