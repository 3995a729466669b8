using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// One connection to a server, authenticated. MailKit's client, made to say how far a message came before it failed, and to
/// carry on when some recipients are refused.
/// </summary>
internal sealed class SmtpConnection : SmtpClient, ITransferProgress
{
    private readonly List<MailboxAddress> _refused = [];
    private SmtpResponse? _refusal;

    private SmtpConnection()
    {
    }

    /// <summary>The server has accepted the sender of the message in hand: the connection was alive.</summary>
    public bool SenderAccepted { get; private set; }

    /// <summary>Content has been handed over: without an answer it is unknown whether the server has the message.</summary>
    public bool ContentStarted { get; private set; }

    /// <summary>When it was last given back to its pool; null before the first time.</summary>
    public DateTimeOffset? IdleSince { get; set; }

    /// <summary>The recipients that the server refused of the message in hand.</summary>
    public IReadOnlyList<MailboxAddress> Refused => _refused;

    /// <summary>Connects, with TLS where the account asks for it, and authenticates where it has a user name.</summary>
    public static async Task<SmtpConnection> OpenAsync(
        ProviderAccount account, SmtpOptions options, CancellationToken cancellationToken)
    {
        var settings = account.Settings;
        var connection = new SmtpConnection { CheckCertificateRevocation = false };
        if (options.ExtraAuthorities.Count > 0)
            connection.ServerCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, options.ExtraAuthorities);
        try
        {
            // A socket of our own, since with Nagle's algorithm a message of some KB waits for a delayed acknowledgement.
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await ConnectAsync(socket, settings.SmtpHost!, settings.SmtpPort, cancellationToken);
            await connection.ConnectAsync(socket, settings.SmtpHost!, settings.SmtpPort, Security(settings), cancellationToken);
            if (settings.SmtpUsername is { } user)
                await connection.AuthenticateAsync(user, account.Secrets.SmtpPassword ?? "", cancellationToken);
            return connection;
        }
        catch
        {
            connection.Dispose();
            // MailKit reports a cancellation during the handshake as a failed handshake.
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Sends one message and returns the server's last answer.</summary>
    /// <exception cref="NotSupportedException">An address needs SMTPUTF8, which the server does not offer; MailKit would send it all the same.</exception>
    public async Task<string> SendAsync(MimeMessage message, IReadOnlyList<MailboxAddress> recipients, CancellationToken cancellationToken)
    {
        SenderAccepted = false;
        ContentStarted = false;
        _refused.Clear();
        _refusal = null;
        var sender = (MailboxAddress)message.From[0];
        var format = FormatOptions.Default.Clone();
        // UTF-8 headers only where an address needs them: not every server behind this one takes such mail.
        format.International = recipients.Concat(message.From.Mailboxes).Concat(message.ReplyTo.Mailboxes).Any(NeedsUtf8);
        if (format.International && !Capabilities.HasFlag(SmtpCapabilities.UTF8))
            throw new NotSupportedException("SMTPUTF8");
        return await SendAsync(format, message, sender, recipients, cancellationToken, this);
    }

    void ITransferProgress.Report(long bytesTransferred, long totalSize) => ContentStarted = true;

    void ITransferProgress.Report(long bytesTransferred) => ContentStarted = true;

    protected override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => SenderAccepted = true;

    protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
    {
        _refused.Add(mailbox);
        // A temporary refusal counts more: the message is worth another try.
        if (_refusal is null || (int)_refusal.StatusCode >= 500)
            _refusal = response;
    }

    protected override void OnNoRecipientsAccepted(MimeMessage message) =>
        throw new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, _refusal!.StatusCode, _refused[0], _refusal.Response);

    // An international domain has an ASCII form (RFC 5891), a local part has none.
    private static bool NeedsUtf8(MailboxAddress mailbox) => !Ascii.IsValid(mailbox.LocalPart);

    private static async Task ConnectAsync(Socket socket, string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SecureSocketOptions Security(ProviderSettings settings) =>
        settings.SmtpUseSsl ? SecureSocketOptions.SslOnConnect
        : settings.SmtpUseTls ? SecureSocketOptions.StartTls
        : SecureSocketOptions.None;

    private static bool IsTrusted(
        X509Certificate? certificate, X509Chain? systemChain, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in systemChain?.ChainElements.AsEnumerable() ?? [])
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        using var copy = new X509Certificate2(certificate);
        return chain.Build(copy);
    }
}
