using System.Text;
using System.Text.Json;
using MimeKit;

namespace EmailFunctions.Tests.Providers;

/// <summary>A message as it came out at the other end, in words that are the same for every provider.</summary>
internal sealed record ArrivedEmail
{
    /// <summary>Whom this call was for, as the provider was told; null where it is told nothing.</summary>
    public IReadOnlyList<string>? Envelope { get; init; }

    public required string From { get; init; }

    public required string? FromName { get; init; }

    public required string? ReplyTo { get; init; }

    public required IReadOnlyList<string> To { get; init; }

    public required IReadOnlyList<string> Cc { get; init; }

    public required string Subject { get; init; }

    public required string? Text { get; init; }

    public required string? Html { get; init; }

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public required IReadOnlyList<ArrivedFile> Files { get; init; }

    public required string MessageId { get; init; }

    /// <summary>Null where the provider writes it.</summary>
    public required DateTimeOffset? Date { get; init; }

    /// <summary>How the parts lie in each other; null where the provider decides that.</summary>
    public string? Shape { get; init; }

    /// <summary>All that anybody who gets it may see, as text.</summary>
    public required string Visible { get; init; }

    /// <summary>Reads one that came as MIME.</summary>
    public static ArrivedEmail OfMime(byte[] bytes, IReadOnlyList<string>? envelope = null)
    {
        using var stream = new MemoryStream(bytes);
        using var message = MimeMessage.Load(stream, TestContext.Current.CancellationToken);
        var from = message.From.Mailboxes.Single();
        return new ArrivedEmail
        {
            Envelope = envelope,
            From = from.Address,
            FromName = from.Name,
            ReplyTo = message.ReplyTo.Mailboxes.SingleOrDefault()?.Address,
            To = [.. message.To.Mailboxes.Select(static mailbox => mailbox.Address)],
            Cc = [.. message.Cc.Mailboxes.Select(static mailbox => mailbox.Address)],
            Subject = message.Subject ?? "",
            Text = message.TextBody?.ReplaceLineEndings("\r\n"),
            Html = message.HtmlBody?.ReplaceLineEndings("\r\n"),
            Headers = message.Headers.GroupBy(static header => header.Field).ToDictionary(static group => group.Key, static group => group.First().Value),
            Tags = [.. message.Headers.Where(static header => header.Field == "X-Tag").Select(static header => header.Value)],
            Metadata = message.Headers["X-Metadata"] is { } json ? JsonSerializer.Deserialize<Dictionary<string, string>>(json)! : [],
            Files = [.. Parts(message.Body!).Where(static part => part.FileName is not null).Select(Read)],
            MessageId = Assert.Single(IdsIn(bytes)),
            Date = message.Date,
            Shape = ShapeOf(message.Body!),
            Visible = Encoding.UTF8.GetString(bytes),
        };
    }

    private static IEnumerable<string> IdsIn(byte[] message) =>
        Encoding.UTF8.GetString(message).Split('\n').Where(static line => line.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase)).Select(static line => line[11..].Trim());

    private static IEnumerable<MimePart> Parts(MimeEntity entity) => entity switch
    {
        Multipart multipart => multipart.SelectMany(Parts),
        MimePart part => [part],
        _ => throw new InvalidOperationException(entity.ContentType.MimeType),
    };

    private static string ShapeOf(MimeEntity entity) => entity switch
    {
        Multipart multipart => $"{multipart.ContentType.MediaSubtype}({string.Join(' ', multipart.Select(ShapeOf))})",
        MimePart { FileName: not null } => "file",
        TextPart text => $"{text.ContentType.MediaSubtype}:{text.ContentType.Charset}",
        _ => entity.ContentType.MimeType,
    };

    private static ArrivedFile Read(MimePart part)
    {
        using var content = new MemoryStream();
        part.Content!.DecodeTo(content, TestContext.Current.CancellationToken);
        return new ArrivedFile(part.FileName!, part.ContentType.MimeType, part.ContentId, part.ContentDisposition?.Disposition ?? "", content.ToArray());
    }
}

/// <summary>A file of it.</summary>
internal sealed record ArrivedFile(string Name, string Type, string? ContentId, string Disposition, byte[] Bytes);
