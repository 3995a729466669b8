using System.Text.RegularExpressions;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// The one table from what a server does to what it means (RFC 5321 section 4.2, RFC 4954 section 6, RFC 3463). The first row that fits
/// counts, and the last one fits all.
/// </summary>
internal static partial class SmtpAnswers
{
    // A sender's quota is by the day: asking more often finds nothing new.
    private static readonly TimeSpan QuotaPause = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(10);

    private static readonly Rule[] Rules =
    [
        .. WithoutReply(),
        .. AboutAll(),
        .. AboutSender(),
        .. AboutRecipient(),
        .. AboutContent(),
        new("Anything else", Transient, Unexpected, static _ => true),
    ];

    /// <summary>The rows, in their order.</summary>
    public static IReadOnlyList<AnswerRow> Answers { get; } = [.. Rules.Select(static rule => rule.Row)];

    /// <summary>The row that an answer falls under.</summary>
    public static AnswerRow RowOf(SmtpAnswer answer) => Array.Find(Rules, rule => rule.Fits(answer))!.Row;

    /// <summary>What an answer means for the message.</summary>
    public static SendResult Read(SmtpAnswer answer)
    {
        var result = RowOf(answer).ToResult(answer.Words);
        TimeSpan? pause = result switch
        {
            { Category: Quota } => QuotaPause,
            { Status: Postponed } => BusyPause,
            _ => null,
        };
        return result with { RetryAfter = pause };
    }

    private static IEnumerable<Rule> WithoutReply() =>
    [
        new("No answer in time after the whole content", Unknown, ErrorCategory.Timeout, static answer => answer is { IsHandedOver: true, Event: SmtpEvent.TimedOut }),
        new("The connection ends between the whole content and the answer", Unknown, Network, static answer => answer.IsHandedOver),
        new(AnswerRow.PlaceRefused, static answer => answer.Event == SmtpEvent.PlaceRefused),
        new("The host name is not known", Transient, Network, static answer => answer.Event == SmtpEvent.UnknownHost),
        new("No connection", Transient, Network, static answer => answer.Event == SmtpEvent.NoConnection),
        new("The connection ends before the whole content was sent", Transient, Network, static answer => answer.Event == SmtpEvent.ConnectionLost),
        new("No answer in time, or no progress, before the whole content was sent", Transient, ErrorCategory.Timeout, static answer => answer.Event == SmtpEvent.TimedOut),
        new("The greeting is no SMTP", Transient, Unexpected, static answer => answer.Event == SmtpEvent.NoSmtp),
        new("TLS fails, or the certificate is not trusted", Misconfigured, Config, static answer => answer.Event == SmtpEvent.NoTls),
        new("STARTTLS or AUTH is wanted and not offered", Misconfigured, Config, static answer => answer.Event == SmtpEvent.NotOffered),
        new("No way to authenticate is good enough (534)", Misconfigured, Auth, static answer => answer.Event == SmtpEvent.KeptOut),
        new("The token endpoint refuses the client or the grant (4xx)", Misconfigured, Auth, static answer => answer.Event == SmtpEvent.TokenRefused),
        new("The token endpoint can't be reached or fails (5xx, 408, 429)", Transient, ProviderUnavailable, static answer => answer.Event == SmtpEvent.TokenUnavailable),
        new("All connections stay in use", Postponed, RateLimited, static answer => answer.Event == SmtpEvent.Busy),
        new("The message is larger than the announced SIZE", Permanent, Content, static answer => answer.Event == SmtpEvent.TooLarge),
        new("The recipient's address needs SMTPUTF8, which is not offered", Permanent, Recipient, static answer => answer.Event == SmtpEvent.RecipientNeedsUtf8),
        new("The sender's address needs SMTPUTF8, which is not offered", Permanent, Config, static answer => answer.Event == SmtpEvent.SenderNeedsUtf8),
    ];

    private static IEnumerable<Rule> AboutAll() =>
    [
        new("x.4.5 for good, or words about a daily or sending quota", Throttled, Quota, static answer => IsRefusal(answer) && (answer is { Code: >= 500 } && answer.IsAbout(4, 5) || DailyQuota().IsMatch(answer.Text))),
        new("4xx with words about too many connections or messages, or too fast", Throttled, RateLimited, static answer => IsForNow(answer) && !answer.IsAbout(5, 3) && TooFast().IsMatch(answer.Text)),
        new("421 with x.3.y or x.4.y, or words about closing down, idling or being unavailable", Transient, ProviderUnavailable, static answer => answer.Code == 421 && (answer.IsAbout(3) || answer.IsAbout(4) || Closing().IsMatch(answer.Text))),
        new("421 otherwise", Throttled, RateLimited, static answer => answer.Code == 421),
        new("530, 534, 535, 538, or x.7.8, x.7.9, x.7.11, x.7.13, x.7.14", Misconfigured, Auth, static answer => answer.Code is 530 or 534 or 535 or 538 || (answer.Code >= 500 && answer.IsAbout(7, 8, 9, 11, 13, 14))),
        new("5xx to AUTH", Misconfigured, Auth, static answer => answer is { Phase: SmtpPhase.Auth, Code: >= 500 }),
        new("A refusal to relay, to RCPT", Misconfigured, Config, static answer => answer.Phase == SmtpPhase.Recipient && IsRefusal(answer) && NoRelay().IsMatch(answer.Text)),
        new("454, other than to STARTTLS", Throttled, RateLimited, static answer => answer.Code == 454 && answer.Phase != SmtpPhase.Greeting),
        new("4xx before MAIL, or to RCPT about the client (`Client host rejected`)", Transient, ProviderUnavailable, static answer => answer.Phase <= SmtpPhase.Auth && IsForNow(answer)),
        new("5xx before MAIL, or to RCPT about the client", Misconfigured, Config, static answer => answer is { Phase: <= SmtpPhase.Auth, Code: >= 500 }),
        new("x.3.4, x.2.3 other than to RCPT, or 552 to MAIL or after the content", Permanent, Content, static answer => answer.Code >= 500 && IsAboutSize(answer)),
    ];

    private static IEnumerable<Rule> AboutSender() =>
    [
        new("4xx to MAIL, or to RCPT about the sender (`Sender address rejected`)", Transient, ProviderUnavailable, static answer => answer.Phase == SmtpPhase.Sender && IsForNow(answer)),
        // Policy: this account may not send as this sender. Another provider, or another configuration, may.
        new("5xx with 5.7.y to MAIL, or to RCPT about the sender", Misconfigured, Config, static answer => answer is { Phase: SmtpPhase.Sender, Code: >= 500 } && answer.IsAbout(7)),
        // The address itself: other messages may have another, so nothing is held for it.
        new("5xx to MAIL, or to RCPT about the sender", Permanent, Config, static answer => answer is { Phase: SmtpPhase.Sender, Code: >= 500 }),
    ];

    private static IEnumerable<Rule> AboutRecipient() =>
    [
        new("4xx with 4.3.y to RCPT", Transient, ProviderUnavailable, static answer => answer.Phase == SmtpPhase.Recipient && IsForNow(answer) && answer.IsAbout(3)),
        new("4xx to RCPT", Transient, Recipient, static answer => answer.Phase == SmtpPhase.Recipient && IsForNow(answer)),
        new("5xx to RCPT", Permanent, Recipient, static answer => answer is { Phase: SmtpPhase.Recipient, Code: >= 500 }),
        // Servers that know the mailbox only after the content say by an enhanced code that it is about the recipient.
        new("4xx with 4.1.y or 4.2.y after the content", Transient, Recipient, static answer => answer.Phase == SmtpPhase.Answer && IsForNow(answer) && IsAboutMailbox(answer)),
        new("5xx with 5.1.y or 5.2.y after the content", Permanent, Recipient, static answer => answer is { Phase: SmtpPhase.Answer, Code: >= 500 } && IsAboutMailbox(answer)),
    ];

    private static IEnumerable<Rule> AboutContent() =>
    [
        // A filter's doubt about this message: the server is well, and another one would be no better.
        new("4xx with 4.7.y after the content", Transient, Content, static answer => answer.Phase == SmtpPhase.Answer && IsForNow(answer) && answer.IsAbout(7)),
        new("4xx to DATA or after the content", Transient, ProviderUnavailable, static answer => answer.Phase >= SmtpPhase.Data && IsForNow(answer)),
        new("5xx to DATA or after the content", Permanent, Content, static answer => answer is { Phase: >= SmtpPhase.Data, Code: >= 500 }),
        // Only 250 is meant here, but any 2xx says that the server has taken it (RFC 5321 section 4.2.1).
        new("2xx after the content", Sent, null, static answer => answer is { Phase: SmtpPhase.Answer, Code: >= 200 and < 300 }),
        new("1xx or 3xx after the content", Unknown, Unexpected, static answer => answer is { Event: SmtpEvent.Reply, Phase: SmtpPhase.Answer }),
    ];

    private static bool IsRefusal(SmtpAnswer answer) => answer.Code is >= 400 and < 600;

    private static bool IsForNow(SmtpAnswer answer) => answer.Code is >= 400 and < 500;

    private static bool IsAboutMailbox(SmtpAnswer answer) => answer.IsAbout(1) || answer.IsAbout(2);

    private static bool IsAboutSize(SmtpAnswer answer) => answer.Phase == SmtpPhase.Recipient
        ? answer.IsAbout(3, 4)
        : answer.IsAbout(3, 4) || answer.IsAbout(2, 3) || (answer.Code == 552 && !IsAboutMailbox(answer));

    // As Amazon SES, Gmail, Exchange Online and cPanel say it. "Over quota" alone is a full mailbox.
    [GeneratedRegex(@"\bdaily\b.{0,60}\b(quota|limit)|submission ?quota|(sending|message) (quota|limit) (is |was |has been )?(exceeded|reached)|max(imum)? (emails|messages) per (hour|day)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex DailyQuota();

    // As Postfix, Exim, OpenSMTPD, Amazon SES and Gmail say it.
    [GeneratedRegex(@"\btoo (many|much) (concurrent |simultaneous |active |smtp |new |open )*(connections|sessions|messages|mails?|emails|requests|recipients from|commands|logins?|login attempts)|connection (rate|limit|count)|rate[ -]?limit|sending rate|rate (is |was |has been )?exceeded|throttl|slow down|too (fast|quickly)|connections? (limit|per)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex TooFast();

    [GeneratedRegex(@"shut(ting)? ?down|going down|not available|unavailable|maintenance|out of service|timed? ?out|idle|restart", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Closing();

    [GeneratedRegex(@"\brelay(ing)? (access )?(is )?(denied|not permitted|not allowed|prohibited)|unable to relay|(cannot|can't|does not|won't|not allowed to) relay", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex NoRelay();

    private sealed record Rule(AnswerRow Row, Func<SmtpAnswer, bool> Fits)
    {
        public Rule(string answer, SendStatus status, ErrorCategory? category, Func<SmtpAnswer, bool> fits)
            : this(new AnswerRow(answer, status, category), fits)
        {
        }
    }
}
