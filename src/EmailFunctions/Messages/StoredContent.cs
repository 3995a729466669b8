using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>A content that was read for an attempt. Its texts and attachments can be read until it is disposed of; the rest of it stays.</summary>
/// <param name="content">What it says.</param>
/// <param name="spool">Where long texts and the attachments lie; null: in memory.</param>
public sealed class StoredContent(EmailContent content, Spool? spool = null) : IDisposable
{
    public EmailContent Content => content;

    public void Dispose() => spool?.Dispose();
}
