using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>What a message says and to whom: everything that is sent, nothing that the service knows about it.</summary>
public sealed record EmailContent
{
    public required IReadOnlyList<string> To { get; init; }

    public IReadOnlyList<string> Cc { get; init; } = [];

    public IReadOnlyList<string> Bcc { get; init; } = [];

    public required string Subject { get; init; }

    /// <summary>The plain text; null where there is only HTML.</summary>
    public SpoolText? Text { get; init; }

    /// <summary>The HTML; null where there is only plain text.</summary>
    public SpoolText? Html { get; init; }

    /// <summary>Null: the sender of the configuration.</summary>
    public string? FromEmail { get; init; }

    public string? FromName { get; init; }

    public string? ReplyTo { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<EmailAttachment> Attachments { get; init; } = [];

    public int RecipientCount => To.Count + Cc.Count + Bcc.Count;

    /// <summary>To, cc and bcc in that order; a recipient's position here names it where its address must not.</summary>
    public IEnumerable<string> Recipients => To.Concat(Cc).Concat(Bcc);
}

/// <summary>An attached or, with a content id, inline file.</summary>
public sealed record EmailAttachment(string FileName, string ContentType, string? ContentId, FileContent Content);
