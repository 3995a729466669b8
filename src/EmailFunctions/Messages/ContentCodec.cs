using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using EmailFunctions.Wire;

namespace EmailFunctions.Messages;

/// <summary>
/// A message's content as bytes, for the ledger row or the payload store: the length of a JSON head (4 bytes, big-endian), the
/// head, then the attachments' bytes one after the other, which base64 would make a third larger. The same content always
/// gives the same bytes, so that their hash tells whether two requests said the same.
/// </summary>
public static class ContentCodec
{
    private const int LengthBytes = 4;
    private const int BufferBytes = 4 * 1024;

    private static readonly ValuePlace[] Texts = [ValuePlace.Text("text"), ValuePlace.Text("html")];

    /// <summary>The content as it is stored. It reads long texts and the attachments when it is read, so they must be there as long.</summary>
    public static FileContent Encode(EmailContent content)
    {
        var head = EncodeHead(content);
        var length = new byte[LengthBytes];
        BinaryPrimitives.WriteInt32BigEndian(length, (int)head.Sum(static part => part.Length));
        return FileContent.Join([FileContent.Of(length), .. head, .. content.Attachments.Select(static attachment => attachment.Content)]);
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

    /// <summary>Reads what a stream brings, to its end; long texts and the attachments go to a spool.</summary>
    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    public static async Task<EmailContent> DecodeAsync(Stream stored, Spool spool, CancellationToken cancellationToken)
    {
        var head = await ReadHeadAsync(stored, spool, cancellationToken);
        var start = spool.Length;
        await spool.AppendAsync(stored, cancellationToken);
        return FromHead(head, spool.Length - start, (position, length) => FileContent.Of(spool.Slice(start + position, length)));
    }

    /// <summary>Reads only the head of what a stream brings: all but the texts and the attachments.</summary>
    /// <param name="stored">The stream.</param>
    /// <param name="spool">Needed meanwhile.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    public static async Task<EmailContent> DecodeHeadAsync(Stream stored, Spool spool, CancellationToken cancellationToken) =>
        FromHead(await ReadHeadAsync(stored, spool, cancellationToken) with { Text = null, Html = null, Attachments = [] }, 0, static (_, _) => FileContent.Empty);

    private static async Task<ContentHead> ReadHeadAsync(Stream stored, Spool spool, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        var read = await stored.ReadAtLeastAsync(buffer.AsMemory(0, LengthBytes), LengthBytes, throwOnEndOfStream: false, cancellationToken);
        var left = ReadLength(buffer.AsSpan(0, read), stored.Length);
        using var rest = new BodyBuffer(left);
        using var extractor = new ValueExtractor(Texts, spool, rest);
        for (; left > 0; left -= read)
        {
            read = await stored.ReadAsync(buffer.AsMemory(0, Math.Min(left, BufferBytes)), cancellationToken);
            if (read == 0)
                throw new InvalidDataException("The stored message is cut short.");
            extractor.Append(buffer.AsSpan(0, read));
        }

        extractor.End();
        using var references = extractor.Values.Refer();
        return ReadHead(rest.Read());
    }

    // A long text is written piece by piece, into the place of an empty one. The recipients and the subject, which alone come before
    // it, hold no quotation mark that is not escaped.
    private static List<FileContent> EncodeHead(EmailContent content)
    {
        var parts = new List<FileContent>();
        ReadOnlyMemory<byte> head = JsonSerializer.SerializeToUtf8Bytes(ToHead(content), ContentJson.Default.ContentHead);
        head = WithText(parts, head, "\"text\":\""u8, content.Text);
        head = WithText(parts, head, "\"html\":\""u8, content.Html);
        return [.. parts, FileContent.Of(head)];
    }

    // What comes after it.
    private static ReadOnlyMemory<byte> WithText(List<FileContent> parts, ReadOnlyMemory<byte> head, ReadOnlySpan<byte> name, SpoolText? text)
    {
        if (text?.Spooled is not { } spooled)
            return head;
        var place = head.Span.IndexOf(name) + name.Length;
        parts.Add(FileContent.Of(head[..place]));
        parts.Add(FileContent.Of(spooled).Translate(JavaScriptEncoder.Default.EncodeUtf8));
        return head[place..];
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
        Text = InHead(content.Text),
        Html = InHead(content.Html),
        FromEmail = content.FromEmail,
        FromName = content.FromName,
        ReplyTo = content.ReplyTo,
        Headers = Sorted(content.Headers),
        Tags = content.Tags,
        Metadata = Sorted(content.Metadata),
        Attachments = [.. content.Attachments.Select(static a => new AttachmentHead(a.FileName, a.ContentType, a.ContentId, (int)a.Content.Length))],
    };

    private static SpoolText? InHead(SpoolText? text) => text?.Spooled is null ? text : "";

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

    public SpoolText? Text { get; init; }

    public SpoolText? Html { get; init; }

    public string? FromEmail { get; init; }

    public string? FromName { get; init; }

    public string? ReplyTo { get; init; }

    public required SortedDictionary<string, string> Headers { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required SortedDictionary<string, string> Metadata { get; init; }

    public required IReadOnlyList<AttachmentHead> Attachments { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(TextReferences)])]
[JsonSerializable(typeof(ContentHead))]
internal sealed partial class ContentJson : JsonSerializerContext;
