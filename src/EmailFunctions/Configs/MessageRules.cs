using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Configs;

/// <summary>What a tenant's messages may be when they are accepted.</summary>
/// <param name="Senders">From which domains; null: from any.</param>
/// <param name="DefaultSender">Whom a message is from that does not say; null: nobody.</param>
/// <param name="MaxRecipients">Addresses over to, cc and bcc together.</param>
/// <param name="MaxBytes">Bytes, attachments decoded.</param>
public sealed record MessageRules(SenderRule? Senders, string? DefaultSender, int MaxRecipients, int MaxBytes)
{
    /// <summary>Those of a configuration, with all defaults filled in.</summary>
    /// <param name="first">Who is asked first to send the tenant's mail.</param>
    /// <param name="system">Whose sender counts where that one has none.</param>
    /// <param name="fields">The configuration, active or not; null: there is none.</param>
    public static MessageRules Of(ProviderSettings first, ProviderSettings system, ConfigFields? fields) => new(
        first.AllowedSenders,
        first.FromEmail ?? system.FromEmail,
        fields?.MaxRecipientsPerMessage ?? MessageLimits.MaxRecipients,
        fields?.MaxMessageBytes ?? MessageLimits.MaxBytes);
}
