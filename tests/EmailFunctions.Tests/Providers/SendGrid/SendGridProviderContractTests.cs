using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Messages;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;
using EmailFunctions.Tests.Providers.Ses;
using MimeKit.Utils;

namespace EmailFunctions.Tests.Providers.SendGrid;

public sealed class SendGridProviderContractTests : VendorContract
{
    private protected override (VendorReply Sent, VendorReply Healthy) Replies => (SendGridBench.Accepted, VendorReply.Answer(200, """{"scopes":["mail.send"]}"""));

    // SendGrid takes neither empty files as they are nor categories beyond ASCII.
    private protected override EmailContent Rich => RichEmail.Content with
    {
        Attachments = [.. RichEmail.Content.Attachments.Where(static file => file.Content.Length > 0)],
        Tags = ["invoice", "with space"],
    };

    private protected override Task<VendorBench> StartAsync() => SendGridBench.StartAsync();

    // SendGrid builds the message, and is told the type as it is.
    private protected override string TypeOf(EmailAttachment file) => file.ContentType.Split(';')[0];

    private protected override ArrivedEmail Read(VendorRequest request)
    {
        var json = request.Json();
        var envelope = json.GetProperty("personalizations")[0];
        var headers = Pairs(json, "headers").ToDictionary(static pair => pair.Key, static pair => Rfc2047.DecodeText(Encoding.ASCII.GetBytes(pair.Value)));
        string[] to = [.. Addresses(envelope, "to")], cc = [.. Addresses(envelope, "cc")], bcc = [.. Addresses(envelope, "bcc")];
        return new ArrivedEmail
        {
            Envelope = [.. to, .. cc, .. bcc],
            From = json.GetProperty("from").GetProperty("email").GetString()!,
            FromName = json.GetProperty("from").TryGetProperty("name", out var name) ? name.GetString() : null,
            ReplyTo = json.TryGetProperty("reply_to", out var replyTo) ? replyTo.GetProperty("email").GetString() : null,
            To = to,
            Cc = cc,
            Subject = json.GetProperty("subject").GetString()!,
            Text = Content(json, "text/plain"),
            Html = Content(json, "text/html"),
            Headers = headers,
            Tags = json.TryGetProperty("categories", out var tags) ? [.. tags.EnumerateArray().Select(static tag => tag.GetString()!)] : [],
            Metadata = Pairs(json, "custom_args"),
            Files = json.TryGetProperty("attachments", out var files) ? [.. files.EnumerateArray().Select(File)] : [],
            MessageId = headers["Message-ID"],
            Date = null,
            Visible = WithoutBlindCopies(request.Text),
        };
    }

    private static string WithoutBlindCopies(string json)
    {
        var node = JsonNode.Parse(json)!;
        foreach (var envelope in node["personalizations"]!.AsArray())
            envelope!.AsObject().Remove("bcc");
        return node.ToJsonString();
    }

    private static ArrivedFile File(JsonElement file) => new(
        file.GetProperty("filename").GetString()!,
        file.GetProperty("type").GetString()!,
        file.TryGetProperty("content_id", out var id) ? id.GetString() : null,
        file.GetProperty("disposition").GetString()!,
        file.GetProperty("content").GetBytesFromBase64());

    private static string? Content(JsonElement json, string type) =>
        json.GetProperty("content").EnumerateArray().Where(content => content.GetProperty("type").GetString() == type).Select(static content => content.GetProperty("value").GetString()).SingleOrDefault();

    private static IEnumerable<string> Addresses(JsonElement envelope, string name) =>
        envelope.TryGetProperty(name, out var list) ? list.EnumerateArray().Select(static item => item.GetProperty("email").GetString()!) : [];

    private static Dictionary<string, string> Pairs(JsonElement json, string name) =>
        json.TryGetProperty(name, out var pairs) ? pairs.EnumerateObject().ToDictionary(static pair => pair.Name, static pair => pair.Value.GetString()!) : [];
}
