using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>
/// A message's content as bytes, for the ledger row or the payload store: the length of a JSON head (4 bytes, big-endian), the
/// head, then the attachments' bytes one after the other, which base64 would make a third larger. The same content always
/// gives the same bytes, so that their hash tells whether two requests said the same.
/// </summary>
public static class ContentCodec
{
    private const int LengthBytes = 4;

    /// <summary>The content as it is stored. It reads the attachments when it is read, so they must be there as long.</summary>
    public static FileContent Encode(EmailContent content)
    {
        var head = new ChunkWriter();
        using (var json = new Utf8JsonWriter(head))
        {
            JsonSerializer.Serialize(json, ToHead(content), ContentJson.Default.ContentHead);
        }

        var length = new byte[LengthBytes];
        BinaryPrimitives.WriteInt32BigEndian(length, (int)head.Written.Length);
        return FileContent.Join([FileContent.Of(length), head.Written, .. content.Attachments.Select(static attachment => attachment.Content)]);
    }

    /// <summary>Reads what lies in memory.</summary>
    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    public static EmailContent Decode(ReadOnlyMemory<byte> bytes)
    {
        var headLength = ReadLength(bytes.Span, bytes.Length);
        return FromHead(
            ReadHead(bytes.Span.Slice(LengthBytes, headLength)),
            bytes.Length - LengthBytes - headLength,
            (position, length) => FileContent.Of(bytes.Slice((int)position + LengthBytes + headLength, (int)length)));
    }

    /// <summary>How many bytes all but the attachments has.</summary>
    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    public static int HeadLength(SpoolSlice stored)
    {
        using var stream = stored.OpenRead();
        Span<byte> length = stackalloc byte[LengthBytes];
        return ReadLength(length[..stream.ReadAtLeast(length, LengthBytes, throwOnEndOfStream: false)], stored.Length);
    }

    /// <summary>Reads what lies in a spool; the attachments stay there.</summary>
    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    public static EmailContent Decode(SpoolSlice stored)
    {
        var headLength = HeadLength(stored);
        using var stream = stored.Slice(LengthBytes, headLength).OpenRead();
        var head = new byte[headLength];
        stream.ReadExactly(head);
        return FromHead(
            ReadHead(head),
            stored.Length - LengthBytes - headLength,
            (position, count) => FileContent.Of(stored.Slice(position + LengthBytes + headLength, count)));
    }

    /// <summary>Reads only the head of what a stream brings: all but the attachments.</summary>
    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    public static async Task<EmailContent> DecodeHeadAsync(Stream stored, CancellationToken cancellationToken)
    {
        var length = new byte[LengthBytes];
        var read = await stored.ReadAtLeastAsync(length, LengthBytes, throwOnEndOfStream: false, cancellationToken);
        var head = new byte[ReadLength(length.AsSpan(0, read), stored.Length)];
        await stored.ReadExactlyAsync(head, cancellationToken);
        return FromHead(ReadHead(head) with { Attachments = [] }, 0, static (_, _) => FileContent.Empty);
    }

    private static int ReadLength(ReadOnlySpan<byte> start, long total)
    {
        var headLength = start.Length < LengthBytes ? -1 : BinaryPrimitives.ReadInt32BigEndian(start);
        return headLength >= 0 && headLength <= total - LengthBytes ? headLength : throw new InvalidDataException("The stored message is cut short.");
    }

    private static ContentHead ReadHead(ReadOnlySpan<byte> head) =>
        JsonSerializer.Deserialize(head, ContentJson.Default.ContentHead) ?? throw new InvalidDataException("The stored message has no head.");

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

    private static EmailContent FromHead(ContentHead head, long available, Func<long, long, FileContent> slice)
    {
        var attachments = new List<EmailAttachment>(head.Attachments.Count);
        var position = 0L;
        foreach (var attachment in head.Attachments)
        {
            if (attachment.Length < 0 || attachment.Length > available - position)
                throw new InvalidDataException("The stored message's attachments are cut short.");
            attachments.Add(new EmailAttachment(attachment.FileName, attachment.ContentType, attachment.ContentId, slice(position, attachment.Length)));
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

    [JsonConverter(typeof(LongTextConverter))]
    public string? Text { get; init; }

    [JsonConverter(typeof(LongTextConverter))]
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
