using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EmailFunctions.Messages;
using EmailFunctions.Providers.Mime;
using SendGrid.Helpers.Mail;

namespace EmailFunctions.Providers.SendGrid;

/// <summary>
/// A message in SendGrid's own model (www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send), all but its texts and files. What its
/// fields can't say is written as near as they can.
/// </summary>
internal static partial class SendGridMessages
{
    private const int MaxCategories = 10;
    private const int MaxCustomBytes = 10_000;

    public static SendGridMessage Of(OutgoingEmail email, ProviderSettings settings, SendGridOptions options)
    {
        var content = email.Content;
        var from = content.FromEmail ?? settings.FromEmail!;
        var message = new SendGridMessage
        {
            From = new EmailAddress(MailAddress.Ascii(from), content.FromName ?? (content.FromEmail is null ? settings.FromName : null)),
            Personalizations = SendGridRecipients.Of(email),
            Subject = content.Subject,
            // Unlike the other fields, these are left to us to encode.
            Headers = new Dictionary<string, string>(content.Headers.Select(static pair => KeyValuePair.Create(pair.Key, HeaderText.Encode(pair.Key, pair.Value)))) { ["Message-ID"] = $"<{email.Id.Unique}@{MailAddress.AsciiDomain(from)}>" },
            Categories = Categories(content),
            CustomArgs = CustomArguments(content),
        };
        if ((content.ReplyTo ?? settings.ReplyTo) is { } replyTo)
            message.ReplyTo = new EmailAddress(MailAddress.Ascii(replyTo));
        if (options.Sandbox)
            message.SetSandBoxMode(true);
        return message;
    }

    /// <summary>What the model knows of a file: all but its bytes. A type has no parameters there, and a name neither semicolons nor commas.</summary>
    public static Attachment Of(EmailAttachment file) => new()
    {
        Type = file.ContentType.Split(';')[0].Trim(),
        Filename = Separator().Replace(file.FileName, "_"),
        Disposition = file.ContentId is null ? "attachment" : "inline",
        ContentId = file.ContentId,
    };

    private static List<string>? Categories(EmailContent content) =>
        content.Tags.Count == 0 ? null : [.. content.Tags.Select(static tag => NotAscii().Replace(tag, "_")).Distinct().Take(MaxCategories)];

    // As many as fit, from the first: they are for reports, and no reason not to send.
    private static Dictionary<string, string>? CustomArguments(EmailContent content)
    {
        var arguments = new Dictionary<string, string>();
        var bytes = 2;
        foreach (var (name, value) in content.Metadata)
        {
            bytes += Measure(name) + Measure(value) + 2;
            if (bytes > MaxCustomBytes)
                break;
            arguments[name] = value;
        }

        return arguments.Count == 0 ? null : arguments;
    }

    // As JSON, with its quotes.
    private static int Measure(string text) => Encoding.UTF8.GetByteCount(JsonEncodedText.Encode(text).ToString()) + 2;

    [GeneratedRegex("[;,]")]
    private static partial Regex Separator();

    [GeneratedRegex("[^ -~]")]
    private static partial Regex NotAscii();
}
