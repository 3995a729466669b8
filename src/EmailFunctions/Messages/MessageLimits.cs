namespace EmailFunctions.Messages;

/// <summary>What no message may go beyond, whatever its tenant's configuration says.</summary>
public static class MessageLimits
{
    /// <summary>Addresses over to, cc and bcc together.</summary>
    public const int MaxRecipients = 100;

    /// <summary>Bytes, attachments decoded.</summary>
    public const int MaxBytes = 26_214_400;
}
