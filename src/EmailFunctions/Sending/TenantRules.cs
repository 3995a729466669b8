using System.Globalization;
using EmailFunctions.Configs;
using EmailFunctions.Wire;

namespace EmailFunctions.Sending;

/// <summary>Finds what a valid message breaks of its tenant's own rules.</summary>
internal static class TenantRules
{
    public static void Validate(Submission submission, MessageRules rules, FieldErrors errors)
    {
        if (rules.Senders is { } senders && (submission.Content.FromEmail ?? rules.DefaultSender) is { } sender && !senders.Allows(sender))
            errors.Add("from_email", senders.Requirement);
        if (submission.Content.RecipientCount > rules.MaxRecipients)
            errors.Add("to", string.Create(CultureInfo.InvariantCulture, $"and cc and bcc may together hold at most {rules.MaxRecipients} addresses, by the tenant's max_recipients_per_message"));
        if (submission.Bytes > rules.MaxBytes)
            errors.Add(FieldErrors.Whole, string.Create(CultureInfo.InvariantCulture, $"must be at most {rules.MaxBytes} bytes in all, attachments decoded, by the tenant's max_message_bytes"));
    }
}
