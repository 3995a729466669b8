using System.Text;
using MimeKit;

namespace EmailFunctions.Providers.Smtp;

/// <summary>What is to be done about international addresses where the server does not offer SMTPUTF8 (RFC 6531).</summary>
internal static class SmtpUtf8
{
    // An international domain has an ASCII form (RFC 5891), a local part has none.
    public static bool IsNeededBy(MailboxAddress mailbox) => !Ascii.IsValid(mailbox.LocalPart);

    /// <summary>
    /// Takes the recipients with such an address out, so that the others get the message. In To and Cc they stay visible the way that
    /// RFC 6857 section 3.1.8 writes them: as the name of a group without members.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="recipients">Who was to get it.</param>
    /// <param name="refusals">Gets those who can't.</param>
    /// <exception cref="SmtpFailureException">The sender has such an address, or nobody stays.</exception>
    public static List<MailboxAddress> Withdraw(MimeMessage message, IReadOnlyList<MailboxAddress> recipients, SmtpRecipients refusals)
    {
        if (message.From.Mailboxes.Concat(message.ReplyTo.Mailboxes).Any(IsNeededBy))
            throw new SmtpFailureException(SmtpEvent.SenderNeedsUtf8, "The server does not take international addresses (SMTPUTF8), and the sender's is one.");
        var answer = new SmtpAnswer(SmtpEvent.RecipientNeedsUtf8, SmtpPhase.Recipient, 0, "The server does not take international addresses (SMTPUTF8).");
        foreach (var mailbox in recipients.Where(IsNeededBy))
            refusals.Add(mailbox.Address, answer);
        var others = recipients.Where(static mailbox => !IsNeededBy(mailbox)).ToList();
        if (others.Count == 0)
            throw new SmtpFailureException(answer.Event, answer.Text);
        Rewrite(message.To);
        Rewrite(message.Cc);
        return others;
    }

    private static void Rewrite(InternetAddressList list)
    {
        for (var index = 0; index < list.Count; index++)
        {
            if (list[index] is MailboxAddress mailbox && IsNeededBy(mailbox))
                list[index] = new GroupAddress(mailbox.Address);
        }
    }
}
