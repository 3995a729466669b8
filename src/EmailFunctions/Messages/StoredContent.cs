using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>A content that was read for an attempt. Its attachments can be read until it is disposed of; the rest of it stays.</summary>
/// <param name="content">What it says.</param>
/// <param name="spool">Where the attachments lie; null: in memory.</param>
/// <param name="room">The room that its text takes; null: none.</param>
public sealed class StoredContent(EmailContent content, Spool? spool = null, IDisposable? room = null) : IDisposable
{
    public EmailContent Content => content;

    public void Dispose()
    {
        spool?.Dispose();
        room?.Dispose();
    }
}
