using EmailFunctions.Providers.Mime;
using SendGrid.Helpers.Mail;

namespace EmailFunctions.Providers.SendGrid;

/// <summary>
/// This call's recipients as SendGrid wants them: each address once, and in each envelope at least one <c>to</c>. SendGrid makes the
/// headers To and Cc from the envelope, so that they name only whom the call is for.
/// </summary>
internal static class SendGridRecipients
{
    public static List<Personalization> Of(OutgoingEmail email)
    {
        var content = email.Content;
        // SendGrid refuses an address that stands twice, in whatever case and place. The first place counts.
        var once = email.Recipients.Zip(email.Addresses()).DistinctBy(static recipient => recipient.Second, StringComparer.OrdinalIgnoreCase).ToList();
        var to = Where(once, position => position < content.To.Count);
        var cc = Where(once, position => position >= content.To.Count && position < content.To.Count + content.Cc.Count);
        var bcc = Where(once, position => position >= content.To.Count + content.Cc.Count);
        // One to whom a blind copy goes must not be named to another one: each gets an envelope of its own.
        if (to.Count + cc.Count == 0)
            return [.. bcc.Select(static address => Envelope([address], [], []))];
        if (to.Count == 0)
            (to, cc) = ([cc[0]], cc[1..]);
        return [Envelope(to, cc, bcc)];
    }

    private static List<EmailAddress> Where(IEnumerable<(int Position, string Address)> recipients, Func<int, bool> isThere) =>
        [.. recipients.Where(recipient => isThere(recipient.Position)).Select(static recipient => new EmailAddress(MailAddress.Ascii(recipient.Address)))];

    // An empty list is refused; one that is missing is not.
    private static Personalization Envelope(List<EmailAddress> to, List<EmailAddress> cc, List<EmailAddress> bcc) =>
        new() { Tos = to, Ccs = cc.Count > 0 ? cc : null, Bccs = bcc.Count > 0 ? bcc : null };
}
