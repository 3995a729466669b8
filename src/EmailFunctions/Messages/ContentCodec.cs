using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EmailFunctions.Messages;

/// <summary>
/// A message's content as bytes, for the ledger row or the payload store: the length of a JSON head (4 bytes, big-endian), the
/// head, then the attachments' bytes one after the other, which base64 would make a third larger. The same content always
/// gives the same bytes, so that their hash tells whether two requests said the same.
/// </summary>
public static class ContentCodec
{
    private const int LengthBytes = 4;

    public static byte[] Encode(EmailContent content)
    {
        var head = JsonSerializer.SerializeToUtf8Bytes(ToHead(content), ContentJson.Default.ContentHead);
        var result = new byte[LengthBytes + head.Length + content.Attachments.Sum(static attachment => (int)attachment.Content.Length)];
        BinaryPrimitives.WriteInt32BigEndian(result, head.Length);
        head.CopyTo(result, LengthBytes);
        var position = LengthBytes + head.Length;
        foreach (var attachment in content.Attachments)
        {
            using var stream = attachment.Content.OpenRead();
            var length = (int)attachment.Content.Length;
            stream.ReadExactly(result, position, length);
            position += length;
        }

        return result;
    }

    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    public static EmailContent Decode(ReadOnlyMemory<byte> bytes)
    {
        var headLength = bytes.Length < LengthBytes ? -1 : BinaryPrimitives.ReadInt32BigEndian(bytes.Span);
        if (headLength < 0 || headLength > bytes.Length - LengthBytes)
            throw new InvalidDataException("The stored message is cut short.");

        var head = JsonSerializer.Deserialize(bytes.Span.Slice(LengthBytes, headLength), ContentJson.Default.ContentHead)
            ?? throw new InvalidDataException("The stored message has no head.");
        return FromHead(head, bytes[(LengthBytes + headLength)..]);
    }

    private static ContentHead ToHead(EmailContent content) => new()
    {
        To = content.To,
        Cc = content.Cc,
        Bcc = content.Bcc,
        Subject = content.Subject,
        Text = content.Text,
        Html = content.Html,
        FromEmail = content.FromEmail,
        FromName = content.FromName,
        ReplyTo = content.ReplyTo,
        Headers = Sorted(content.Headers),
        Tags = content.Tags,
        Metadata = Sorted(content.Metadata),
        Attachments = [.. content.Attachments.Select(static a => new AttachmentHead(a.FileName, a.ContentType, a.ContentId, (int)a.Content.Length))],
    };

    private static EmailContent FromHead(ContentHead head, ReadOnlyMemory<byte> blobs)
    {
        var attachments = new List<EmailAttachment>(head.Attachments.Count);
        var position = 0;
        foreach (var attachment in head.Attachments)
        {
            if (attachment.Length < 0 || attachment.Length > blobs.Length - position)
                throw new InvalidDataException("The stored message's attachments are cut short.");
            attachments.Add(new EmailAttachment(
                attachment.FileName, attachment.ContentType, attachment.ContentId, FileContent.Of(blobs.Slice(position, attachment.Length))));
            position += attachment.Length;
        }

        return new EmailContent
        {
            To = head.To,
            Cc = head.Cc,
            Bcc = head.Bcc,
            Subject = head.Subject,
            Text = head.Text,
            Html = head.Html,
            FromEmail = head.FromEmail,
            FromName = head.FromName,
            ReplyTo = head.ReplyTo,
            Headers = head.Headers,
            Tags = head.Tags,
            Metadata = head.Metadata,
            Attachments = attachments,
        };
    }

    private static SortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string> values)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
            sorted.Add(name, value);
        return sorted;
    }
}

internal sealed record AttachmentHead(string FileName, string ContentType, string? ContentId, int Length);

internal sealed record ContentHead
{
    public required IReadOnlyList<string> To { get; init; }

    public required IReadOnlyList<string> Cc { get; init; }

    public required IReadOnlyList<string> Bcc { get; init; }

    public required string Subject { get; init; }

    public string? Text { get; init; }

    public string? Html { get; init; }

    public string? FromEmail { get; init; }

    public string? FromName { get; init; }

    public string? ReplyTo { get; init; }

    public required SortedDictionary<string, string> Headers { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required SortedDictionary<string, string> Metadata { get; init; }

    public required IReadOnlyList<AttachmentHead> Attachments { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ContentHead))]
internal sealed partial class ContentJson : JsonSerializerContext;
