using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mime;

namespace EmailFunctions.Providers.Mailgun;

/// <summary>
/// A message as Mailgun takes it: a form where its fields can say everything, else a form with the whole message in it as a file. The
/// latter is written twice, once for its length. Neither is ever whole in memory.
/// </summary>
internal sealed class MailgunBody : IDisposable
{
    private readonly MultipartContent _form = new("form-data");
    private readonly MimeDocument? _mime;

    private MailgunBody(MimeDocument? mime, string path) => (_mime, Path) = (mime, path);

    /// <summary>The last part of the path that takes it.</summary>
    public string Path { get; }

    public static async Task<MailgunBody> MakeAsync(OutgoingEmail email, ProviderSettings settings, MailgunOptions options, CancellationToken cancellationToken)
    {
        var body = MailgunFields.CanSay(email)
            ? AsFields(email, settings)
            : await AsFileAsync(email, settings, cancellationToken);
        foreach (var (name, value) in MailgunFields.Options(email.Content))
            body.Add(name, value);
        if (options.TestMode)
            body.Add("o:testmode", "yes");
        return body;
    }

    /// <summary>The body to send, once.</summary>
    public StreamedContent ToContent()
    {
        var content = new StreamedContent(_form.Headers.ContentLength!.Value, (stream, token) => _form.CopyToAsync(stream, token));
        content.Headers.ContentType = _form.Headers.ContentType;
        return content;
    }

    public void Dispose()
    {
        _form.Dispose();
        _mime?.Dispose();
    }

    private static MailgunBody AsFields(OutgoingEmail email, ProviderSettings settings)
    {
        var content = email.Content;
        var from = content.FromEmail ?? settings.FromEmail!;
        var body = new MailgunBody(null, "messages");
        body.Add("from", MailAddress.Named(content.FromName ?? (content.FromEmail is null ? settings.FromName : null), from));
        body.AddAddresses("to", content.To);
        body.AddAddresses("cc", content.Cc);
        body.AddAddresses("bcc", content.Bcc);
        body.Add("subject", content.Subject);
        if (content.Text is { IsEmpty: false } text)
            body.Add("text", FileContent.Of(text));
        if (content.Html is { } html)
            body.Add("html", FileContent.Of(html));
        foreach (var (name, value) in MailgunFields.Headers(content))
            body.Add(name, value);
        if ((content.ReplyTo ?? settings.ReplyTo) is { } replyTo)
            body.Add("h:Reply-To", MailAddress.Ascii(replyTo));
        body.Add("h:Message-Id", $"<{email.Id.Unique}@{MailAddress.AsciiDomain(from)}>");
        body.Add("h:Date", email.Date.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        return body;
    }

    private static async Task<MailgunBody> AsFileAsync(OutgoingEmail email, ProviderSettings settings, CancellationToken cancellationToken)
    {
        var mime = MimeDocument.Of(email, settings);
        await using var measure = new MeasuringStream();
        await mime.WriteToAsync(measure, cancellationToken);
        var body = new MailgunBody(mime, "messages.mime");
        body.AddAddresses("to", email.Addresses());
        var file = new StreamedContent(measure.Length, mime.WriteToAsync);
        file.Headers.ContentType = new MediaTypeHeaderValue("message/rfc822");
        body.Add(file, "form-data; name=\"message\"; filename=\"message.mime\"");
        return body;
    }

    private void AddAddresses(string name, IEnumerable<string> addresses)
    {
        foreach (var address in addresses)
            Add(name, MailAddress.Ascii(address));
    }

    private void Add(string name, string value) => Add(name, FileContent.Of(Encoding.UTF8.GetBytes(value)));

    private void Add(string name, FileContent value) => Add(new StreamedContent(value.Length, value.CopyToAsync), $"form-data; name=\"{name}\"");

    private void Add(HttpContent part, string disposition)
    {
        part.Headers.TryAddWithoutValidation("Content-Disposition", disposition);
        _form.Add(part);
    }
}
