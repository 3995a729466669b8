using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Messages;
using EmailFunctions.Spooling;
using MimeKit;

namespace EmailFunctions.Providers.Mime;

/// <summary>The one place where a message becomes MIME, for every provider that takes MIME. Bcc is never among the headers.</summary>
internal static class MimeBuilder
{
    /// <summary>Builds the message as the account sends it.</summary>
    public static MimeMessage Build(OutgoingEmail email, ProviderSettings settings)
    {
        var content = email.Content;
        var from = Sender(content, settings);
        var message = new MimeMessage
        {
            Date = email.Date,
            MessageId = $"{email.Id.Unique}@{AsciiDomain(from)}",
            Body = BuildBody(content),
        };
        message.From.Add(from);
        if ((content.ReplyTo ?? settings.ReplyTo) is { } replyTo)
            message.ReplyTo.Add(Mailbox(null, replyTo));
        message.To.AddRange(content.To.Select(static address => Mailbox(null, address)));
        message.Cc.AddRange(content.Cc.Select(static address => Mailbox(null, address)));
        message.Headers.Replace(HeaderText.Write("Subject", content.Subject));
        AddHeaders(message, content);
        return message;
    }

    /// <summary>Who sends: the message's own address, or the configuration's. Acceptance has made sure that there is one.</summary>
    public static MailboxAddress Sender(EmailContent content, ProviderSettings settings)
    {
        var address = content.FromEmail ?? settings.FromEmail ?? throw new InvalidOperationException("The message has no sender.");
        return Mailbox(content.FromName ?? (content.FromEmail is null ? settings.FromName : null), address);
    }

    /// <summary>An address; MimeKit writes an international domain in its ASCII form, which servers without SMTPUTF8 take, too.</summary>
    public static MailboxAddress Mailbox(string? name, string address) => new(name, address);

    private static string AsciiDomain(MailboxAddress mailbox)
    {
        var address = mailbox.GetAddress(idnEncode: true);
        return address[(address.LastIndexOf('@') + 1)..];
    }

    private static void AddHeaders(MimeMessage message, EmailContent content)
    {
        foreach (var (name, value) in content.Headers)
            message.Headers.Add(HeaderText.Write(name, value));
        // SMTP has no place for tags and metadata; as headers they reach whatever reads the mail.
        foreach (var tag in content.Tags)
            message.Headers.Add(HeaderText.Write("X-Tag", tag));
        if (content.Metadata.Count > 0)
            message.Headers.Add(HeaderText.WriteJson("X-Metadata", JsonSerializer.Serialize(content.Metadata, MimeJson.Default.IReadOnlyDictionaryStringString)));
    }

    private static MimeEntity BuildBody(EmailContent content)
    {
        var body = Related(content);
        var attached = content.Attachments.Where(static a => a.ContentId is null).ToList();
        if (attached.Count == 0)
            return body;
        var mixed = new Multipart("mixed") { body };
        foreach (var attachment in attached)
            mixed.Add(Part(attachment));
        return mixed;
    }

    private static MimeEntity Related(EmailContent content)
    {
        var inline = content.Attachments.Where(static a => a.ContentId is not null).ToList();
        var text = content.Text is null && content.Html is not null ? null : Text("plain", content.Text ?? SpoolText.Of(""));
        if (content.Html is null)
            return inline.Count == 0 ? text! : WithInline(text!, inline);

        MimeEntity html = Text("html", content.Html);
        if (inline.Count > 0)
            html = WithInline(html, inline);
        return text is null ? html : new MultipartAlternative { text, html };
    }

    private static MultipartRelated WithInline(MimeEntity root, List<EmailAttachment> inline)
    {
        var related = new MultipartRelated { root };
        foreach (var attachment in inline)
            related.Add(Part(attachment));
        return related;
    }

    // Read from its spool as often as needed, also to find the encoding that fits it.
    private static TextPart Text(string subtype, SpoolText text) => new(subtype)
    {
        ContentType = { Charset = "utf-8" },
        Content = new MimeContent(LineEnds.Mend(text).OpenRead()),
    };

    private static MimePart Part(EmailAttachment attachment)
    {
        var part = new MimePart(PartType(attachment.ContentType))
        {
            Content = new MimeContent(attachment.Content.OpenRead()),
            ContentTransferEncoding = ContentEncoding.Base64,
            ContentDisposition = new ContentDisposition(
                attachment.ContentId is null ? ContentDisposition.Attachment : ContentDisposition.Inline),
        };
        if (attachment.ContentId is { } id)
            part.ContentId = id;
        part.FileName = attachment.FileName;
        if (attachment.FileName.Any(char.IsSurrogate))
            KeepWhole(part);
        return part;
    }

    // Where MimeKit splits a long name (RFC 2231 section 3) it may split a character of two UTF-16 units. Encoded words keep it
    // whole; fewer readers know them here, so only then.
    private static void KeepWhole(MimePart part)
    {
        var type = MimeKit.ContentType.Parse(part.Headers[HeaderId.ContentType]!);
        var disposition = ContentDisposition.Parse(part.Headers[HeaderId.ContentDisposition]!);
        if (type.Name == part.FileName && disposition.FileName == part.FileName)
            return;
        foreach (var parameter in part.ContentType.Parameters.Concat(part.ContentDisposition!.Parameters))
        {
            if (parameter.Value == part.FileName)
                parameter.EncodingMethod = ParameterEncodingMethod.Rfc2047;
        }
    }

    // message/* and multipart/* parts may not be base64 (RFC 2046 section 5): as a plain file their bytes arrive unchanged.
    private static ContentType PartType(string contentType)
    {
        if (!ContentType.TryParse(contentType, out var type))
            return new ContentType("application", "octet-stream");
        return type.MediaType.ToLowerInvariant() is "message" or "multipart" ? new ContentType("application", "octet-stream") : type;
    }
}

[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class MimeJson : JsonSerializerContext;
