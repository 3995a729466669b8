using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Providers.Http;

namespace EmailFunctions.Providers.SendGrid;

/// <summary>
/// The JSON of a Mail Send call. The package writes all of it but the texts and files, which its serialiser would hold several times
/// over: they are written here, while they are sent.
/// </summary>
internal sealed class SendGridBody
{
    // SendGrid takes no empty file, and a recipient should not look in vain for one that the text speaks of: a blank line is what is
    // nearest to nothing.
    private static readonly FileContent BlankFile = FileContent.Of("\n"u8.ToArray());

    // Nor does it take a message without content.
    private static readonly FileContent BlankText = FileContent.Of(" "u8.ToArray());

    private readonly List<(long Length, Func<Stream, CancellationToken, Task> Write)> _parts = [];

    public SendGridBody(OutgoingEmail email, ProviderSettings settings, SendGridOptions options)
    {
        // The object's end comes after the texts and files.
        Add(SendGridMessages.Of(email, settings, options).Serialize()[..^1]);
        AddTexts(email.Content);
        AddFiles(email.Content.Attachments);
        Add("}");
        Length = _parts.Sum(static part => part.Length);
    }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    public async Task WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        foreach (var part in _parts)
            await part.Write(stream, cancellationToken);
    }

    private void AddTexts(EmailContent content)
    {
        var texts = new List<(string Type, FileContent Value)>();
        if (content.Text is { IsEmpty: false } text)
            texts.Add(("text/plain", FileContent.Of(text)));
        if (content.Html is { IsEmpty: false } html)
            texts.Add(("text/html", FileContent.Of(html)));
        if (texts.Count == 0)
            texts.Add(("text/plain", BlankText));
        for (var index = 0; index < texts.Count; index++)
        {
            Add($"{(index == 0 ? ",\"content\":[" : ",")}{{\"type\":\"{texts[index].Type}\",\"value\":\"");
            Add(texts[index].Value.Translate(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8));
            Add("\"}");
        }

        Add("]");
    }

    private void AddFiles(IReadOnlyList<EmailAttachment> files)
    {
        for (var index = 0; index < files.Count; index++)
        {
            Add(index == 0 ? ",\"attachments\":[{\"content\":\"" : ",{\"content\":\"");
            AddBase64(files[index].Content is { Length: > 0 } content ? content : BlankFile);
            Add(FileContent.Of(After(files[index])));
        }

        if (files.Count > 0)
            Add("]");
    }

    private void Add(string json) => Add(FileContent.Of(Encoding.UTF8.GetBytes(json)));

    private void Add(FileContent content) => _parts.Add((content.Length, content.CopyToAsync));

    private void AddBase64(FileContent content) =>
        _parts.Add((Base64Stream.LengthOf(content.Length), (stream, cancellationToken) => WriteBase64Async(content, stream, cancellationToken)));

    private static async Task WriteBase64Async(FileContent content, Stream stream, CancellationToken cancellationToken)
    {
        await using var base64 = new Base64Stream(stream);
        await content.CopyToAsync(base64, cancellationToken);
        await base64.CompleteAsync(cancellationToken);
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
