using System.Globalization;
using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Spooling;
using EmailFunctions.Validation;
using EmailFunctions.Wire;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Sending;

/// <summary>The rules of a message; finds all that is wrong at once. Written out, since every mail passes here.</summary>
internal static class SendValidator
{
    public const int MaxRecipients = MessageLimits.MaxRecipients;
    public const int MaxMessageBytes = MessageLimits.MaxBytes;

    private const int MaxAttachments = 500;
    private const int MaxTags = 10;
    private const int MaxTagLength = 128;
    private const int MaxMetadataBytes = 8 * 1024;
    private const int MaxKeyLength = 256;
    private const string NotYet = "is not available in this version; leave it out";

    /// <summary>Whether the message can be sent at all. What is wrong only by now (it has expired, a limit is used up) is not told here.</summary>
    public static void Validate(SendRequest request, DateTimeOffset now, FieldErrors errors)
    {
        Recipients(request, errors);
        Texts(request, errors);
        Headers(request.Headers, errors);
        Attachments(request.Attachments, errors);
        Tags(request.Tags, errors);
        Metadata(request.Metadata, errors);
        IdempotencyKey(request.IdempotencyKey, "idempotency_key", errors);
        Times(request, now, errors);
        if (!MessagePriorities.TryParse(request.Priority, out _))
            errors.Add("priority", "must be high, normal or low");
        Unavailable(request, errors);
        if (MeasureBytes(request) > MaxMessageBytes)
            errors.Add(FieldErrors.Whole, string.Create(CultureInfo.InvariantCulture, $"must be at most {MaxMessageBytes} bytes in all, attachments decoded"));
    }

    public static void IdempotencyKey(string? key, string field, FieldErrors errors)
    {
        if (key is not null && (key.Length is 0 or > MaxKeyLength || key.Any(char.IsControl)))
            errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"must have 1 to {MaxKeyLength} characters, without control characters"));
    }

    private static void Recipients(SendRequest request, FieldErrors errors)
    {
        if (request.To is not { Count: > 0 })
            errors.Add("to", string.Create(CultureInfo.InvariantCulture, $"must hold 1 to {MaxRecipients} addresses"));
        if ((long)(request.To?.Count ?? 0) + (request.Cc?.Count ?? 0) + (request.Bcc?.Count ?? 0) > MaxRecipients)
        {
            // Which of millions are no addresses nobody wants to know.
            errors.Add("to", string.Create(CultureInfo.InvariantCulture, $"and cc and bcc may together hold at most {MaxRecipients} addresses"));
        }
        else
        {
            Addresses(request.To, "to", errors);
            Addresses(request.Cc, "cc", errors);
            Addresses(request.Bcc, "bcc", errors);
        }

        Address(request.FromEmail, "from_email", errors);
        Address(request.ReplyTo, "reply_to", errors);
    }

    private static void Addresses(List<string>? addresses, string field, FieldErrors errors)
    {
        for (var index = 0; index < (addresses?.Count ?? 0); index++)
        {
            if (!EmailAddress.IsValid(addresses![index]))
                errors.Add(At(field, index), EmailAddress.Requirement);
        }
    }

    private static void Address(string? address, string field, FieldErrors errors)
    {
        if (address is not null && !EmailAddress.IsValid(address))
            errors.Add(field, EmailAddress.Requirement);
    }

    private static void Texts(SendRequest request, FieldErrors errors)
    {
        if (request.Subject is null)
            errors.Add("subject", "is required");
        Line(request.Subject, 500, "subject", errors);
        Line(request.FromName, 100, "from_name", errors);
        if (request.Body is null && request.BodyHtml is null)
            errors.Add("body", "is required, or body_html");
        Content(request.Body, "body", errors);
        Content(request.BodyHtml, "body_html", errors);
    }

    private static void Line(string? text, int maximum, string field, FieldErrors errors)
    {
        if (text is null)
            return;
        if (text.Length is 0 || text.Length > maximum)
            errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"must have 1 to {maximum} characters"));
        if (text.Any(char.IsControl))
            errors.Add(field, "must not hold control characters such as line breaks");
    }

    private static void Content(SpoolText? text, string field, FieldErrors errors)
    {
        if (text?.ContainsNull == true)
            errors.Add(field, "must not hold the character U+0000");
    }

    private static void Headers(Dictionary<string, string>? headers, FieldErrors errors)
    {
        if (headers is null)
            return;
        if (headers.Count > HeaderRules.MaxCount)
            errors.Add("headers", string.Create(CultureInfo.InvariantCulture, $"must hold at most {HeaderRules.MaxCount} fields"));
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers)
        {
            if (HeaderRules.Problem(name, value) is { } problem)
                errors.Add("headers." + name, problem);
            else if (!seen.Add(name))
                errors.Add("headers." + name, "is given more than once, in different case");
        }
    }

    private static void Attachments(List<AttachmentRequest>? attachments, FieldErrors errors)
    {
        if (attachments is null)
            return;
        if (attachments.Count > MaxAttachments)
            errors.Add("attachments", string.Create(CultureInfo.InvariantCulture, $"must hold at most {MaxAttachments} files"));
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < attachments.Count; index++)
            Attachment(attachments[index], At("attachments", index), ids, errors);
    }

    private static void Attachment(AttachmentRequest? attachment, string field, HashSet<string> ids, FieldErrors errors)
    {
        if (attachment is null)
        {
            errors.Add(field, "must be an object");
            return;
        }

        if (attachment.Filename is not { Length: > 0 and <= 255 } name || name.Any(static c => char.IsControl(c) || c is '/' or '\\'))
            errors.Add(field + ".filename", "must have 1 to 255 characters, without control characters, / and \\");
        if (attachment.ContentType is not { Length: > 0 and <= 255 } type || type.Any(static c => c is < ' ' or > '~') || !MediaTypeHeaderValue.TryParse(type, out _))
            errors.Add(field + ".content_type", "must be a media type like application/pdf");
        if (attachment.Content is null)
            errors.Add(field + ".content", "is required: the file in base64");
        if (attachment.ContentId is not { } id)
            return;
        if (!IsContentId(id))
            errors.Add(field + ".content_id", "must have 1 to 200 ASCII characters and look like logo or logo@example.com");
        else if (!ids.Add(id))
            errors.Add(field + ".content_id", "must be unique within the message");
    }

    // A msg-id (RFC 5322 section 3.6.4) whose right side may be missing; readers disagree on anything else, and don't read a dot at
    // the end as part of it.
    private static bool IsContentId(string id) =>
        id.Length <= 200 && !id.EndsWith('.') && id.Split('@') is { Length: 1 or 2 } sides && sides.All(static side => side.Length > 0 && side.All(IsAtom));

    private static bool IsAtom(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c, StringComparison.Ordinal);

    private static void Tags(List<string>? tags, FieldErrors errors)
    {
        if (tags is null)
            return;
        if (tags.Count > MaxTags)
            errors.Add("tags", string.Create(CultureInfo.InvariantCulture, $"must hold at most {MaxTags} strings"));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < tags.Count; index++)
        {
            if (tags[index] is not { Length: > 0 and <= MaxTagLength } tag || tag.Any(char.IsControl))
                errors.Add(At("tags", index), string.Create(CultureInfo.InvariantCulture, $"must have 1 to {MaxTagLength} characters, without control characters"));
            else if (!seen.Add(tag))
                errors.Add(At("tags", index), "is there already; tags are unique");
        }
    }

    private static void Metadata(Dictionary<string, string>? metadata, FieldErrors errors)
    {
        if (metadata is null)
            return;
        if (metadata.Values.Any(static value => value is null))
            errors.Add("metadata", "must be an object whose values are strings");
        else if (metadata.Sum(static pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value)) > MaxMetadataBytes)
            errors.Add("metadata", string.Create(CultureInfo.InvariantCulture, $"must hold at most {MaxMetadataBytes} bytes, names and values together"));
    }

    private static void Times(SendRequest request, DateTimeOffset now, FieldErrors errors)
    {
        if (request.SendAt > now.AddYears(1))
            errors.Add("send_at", "must be at most a year ahead");
        if (request.ExpiresAt <= request.SendAt)
            errors.Add("expires_at", "must be after send_at");
    }

    private static void Unavailable(SendRequest request, FieldErrors errors)
    {
        if (request.TemplateName is not null)
            errors.Add("template_name", NotYet);
        if (request.TemplateData is { ValueKind: not System.Text.Json.JsonValueKind.Null })
            errors.Add("template_data", NotYet);
    }

    /// <summary>The bytes of all that the message says, attachments decoded.</summary>
    public static long MeasureBytes(SendRequest request)
    {
        var bytes = Count(request.Subject) + (request.Body?.Bytes ?? 0) + (request.BodyHtml?.Bytes ?? 0);
        foreach (var (name, value) in request.Headers ?? [])
            bytes += Count(name) + Count(value);
        foreach (var attachment in request.Attachments ?? [])
            bytes += Count(attachment?.Filename) + (attachment?.Content?.Length ?? 0);
        return bytes;
    }

    private static int Count(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static string At(string field, int index) => string.Create(CultureInfo.InvariantCulture, $"{field}[{index}]");
}
