using System.Globalization;
using System.Text;
using EmailFunctions.Outbound;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// One connection to a server, authenticated. MailKit's client, made to say how far a message came before it failed, and to
/// carry on when some recipients are refused.
/// </summary>
internal sealed class SmtpConnection : SmtpClient
{
    private readonly SmtpOptions _options;
    private SmtpRecipients _recipients = new();

    private SmtpConnection(SmtpWatch watch, SmtpOptions options)
        : base(watch)
    {
        (Watch, _options) = (watch, options);
        CheckCertificateRevocation = false;
        // The watch counts, by the clock that it was given.
        Timeout = System.Threading.Timeout.Infinite;
    }

    /// <summary>What goes over it.</summary>
    public SmtpWatch Watch { get; }

    /// <summary>The server has accepted the sender of the message in hand: the connection was alive.</summary>
    public bool SenderAccepted { get; private set; }

    /// <summary>When it was last given back to its pool; null before the first time.</summary>
    public DateTimeOffset? IdleSince { get; set; }

    protected override bool PreferSendAsBinaryData => _options.UseChunking;

    /// <summary>Connects, with TLS where the account asks for it, and authenticates where it has a user name.</summary>
    /// <param name="account">Where to, and as whom.</param>
    /// <param name="token">An access token in place of the password; null: the password.</param>
    /// <param name="options">How long it may take, and who is trusted.</param>
    /// <param name="guard">Lets it go to public servers only, unless the account is the operator's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task<SmtpConnection> OpenAsync(
        ProviderAccount account, string? token, SmtpOptions options, OutboundGuard guard, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new SmtpConnection(new SmtpWatch(options, time), options);
        SmtpTrust.Add(connection, options.ExtraAuthorities);
        try
        {
            return await connection.Watch.RunAsync(SmtpPhase.Connect, timed => connection.OpenAsync(account, token, guard, timed), cancellationToken);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends one message and returns the server's last answer.</summary>
    /// <param name="message">The message. Recipients that the server can't be told of are taken out of its headers.</param>
    /// <param name="recipients">Who is to get it.</param>
    /// <param name="refusals">Gets those whom the server does not take.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="SmtpFailureException">The server says that it does not take such a message, so it was not asked.</exception>
    public async Task<string> SendAsync(
        MimeMessage message, IReadOnlyList<MailboxAddress> recipients, SmtpRecipients refusals, CancellationToken cancellationToken)
    {
        SenderAccepted = false;
        _recipients = refusals;
        var format = FormatOptions.Default.Clone();
        // UTF-8 headers only where an address needs them: not every server behind this one takes such mail.
        format.International = recipients.Concat(message.To.Mailboxes).Concat(message.Cc.Mailboxes).Concat(message.From.Mailboxes).Concat(message.ReplyTo.Mailboxes).Any(SmtpUtf8.IsNeededBy);
        if (format.International && !Capabilities.HasFlag(SmtpCapabilities.UTF8))
        {
            recipients = SmtpUtf8.Withdraw(message, recipients, refusals);
            format.International = false;
        }

        var sender = (MailboxAddress)message.From[0];
        return await Watch.RunAsync(SmtpPhase.Sender, timed => SendAsync(format, message, sender, recipients, timed, Watch), cancellationToken);
    }

    // MailKit asks for it just before it sends.
    protected override async Task<long> GetSizeAsync(FormatOptions options, MimeMessage message, CancellationToken cancellationToken)
    {
        var size = await base.GetSizeAsync(options, message, cancellationToken);
        return MaxSize > 0 && size > MaxSize
            ? throw new SmtpFailureException(SmtpEvent.TooLarge, string.Create(CultureInfo.InvariantCulture, $"The message has {size} bytes; the server takes at most {MaxSize}."))
            : size;
    }

    protected override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => SenderAccepted = true;

    protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
    {
        // Not about the recipient: the connection is closed.
        if (response.StatusCode == SmtpStatusCode.ServiceNotAvailable)
            base.OnRecipientNotAccepted(message, mailbox, response);
        // Where commands are pipelined, those after a refused sender are refused for that.
        if (SenderAccepted)
            _recipients.Add(mailbox.Address, SmtpAnswer.ToRecipient((int)response.StatusCode, response.Response));
    }

    protected override void OnNoRecipientsAccepted(MimeMessage message)
    {
        var decisive = _recipients.Decisive;
        throw new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, (SmtpStatusCode)decisive.Code, message.From.Mailboxes.First(), decisive.Text);
    }

    private async Task<SmtpConnection> OpenAsync(ProviderAccount account, string? token, OutboundGuard guard, CancellationToken cancellationToken)
    {
        var settings = account.Settings;
        var place = new OutboundPlace(settings.SmtpHost!, settings.SmtpPort, PlaceKind.Smtp);
        // What tenants name is checked; the system default is the operator's, whose relay may well be a private one.
        var socket = account.Owner.IsSystem ? await guard.ConnectUncheckedAsync(place, cancellationToken) : await guard.ConnectAsync(place, cancellationToken);
        Watch.Enter(SmtpPhase.Greeting);
        await ConnectAsync(socket, settings.SmtpHost!, settings.SmtpPort, Security(settings), cancellationToken);
        // Parts stay fit for DATA, which most servers further on know alone.
        Capabilities &= ~SmtpCapabilities.BinaryMime;
        Watch.Enter(SmtpPhase.Auth);
        var user = settings.SmtpUsername;
        if (token is not null)
            await AuthenticateAsync(new SaslMechanismOAuth2(user ?? "", token), cancellationToken);
        else if (user is not null)
            await AuthenticateAsync(Encoding.UTF8, user, account.Secrets.SmtpPassword ?? "", cancellationToken);
        return this;
    }

    private static SecureSocketOptions Security(ProviderSettings settings) =>
        settings.SmtpUseSsl ? SecureSocketOptions.SslOnConnect
        : settings.SmtpUseTls ? SecureSocketOptions.StartTls
        : SecureSocketOptions.None;
}
