using System.Text;
using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Providers.Http;

namespace EmailFunctions.Providers.SendGrid;

/// <summary>
/// The JSON of a Mail Send call. The package writes all of it but the files, which its serialiser would hold several times over: they
/// are written here, while they are sent.
/// </summary>
internal sealed class SendGridBody
{
    // SendGrid takes no empty file, and a recipient should not look in vain for one that the text speaks of: a blank line is what is
    // nearest to nothing.
    private static readonly FileContent Blank = FileContent.Of("\n"u8.ToArray());

    private readonly byte[] _head;
    private readonly List<(FileContent Content, byte[] Before, byte[] After)> _files = [];
    private readonly byte[] _tail;

    public SendGridBody(OutgoingEmail email, ProviderSettings settings, SendGridOptions options)
    {
        var json = SendGridMessages.Of(email, settings, options).Serialize();
        var files = email.Content.Attachments;
        // The object's end comes after the files.
        _head = Encoding.UTF8.GetBytes(files.Count == 0 ? json : json[..^1] + ",\"attachments\":[");
        _tail = files.Count == 0 ? [] : "]}"u8.ToArray();
        foreach (var file in files)
            _files.Add((file.Content.Length > 0 ? file.Content : Blank, Encoding.UTF8.GetBytes(_files.Count == 0 ? "{\"content\":\"" : ",{\"content\":\""), After(file)));
        Length = _head.Length + _tail.Length + _files.Sum(static file => file.Before.Length + Base64Stream.LengthOf(file.Content.Length) + file.After.Length);
    }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    public async Task WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_head, cancellationToken);
        foreach (var (content, before, after) in _files)
        {
            await stream.WriteAsync(before, cancellationToken);
            await using var base64 = new Base64Stream(stream);
            await using var bytes = content.OpenRead();
            await bytes.CopyToAsync(base64, cancellationToken);
            await base64.CompleteAsync(cancellationToken);
            await stream.WriteAsync(after, cancellationToken);
        }

        await stream.WriteAsync(_tail, cancellationToken);
    }

    // The members after the content, which the object then goes on with.
    private static byte[] After(EmailAttachment file)
    {
        var known = SendGridMessages.Of(file);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", known.Type);
            json.WriteString("filename", known.Filename);
            json.WriteString("disposition", known.Disposition);
            if (known.ContentId is { } id)
                json.WriteString("content_id", id);
            json.WriteEndObject();
        }

        return [.. "\","u8, .. buffer.ToArray().AsSpan(1)];
    }
}
