using System.Globalization;
using EmailFunctions.Messages;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Mailgun;

/// <summary>With files, the message goes as a file itself.</summary>
public sealed class MailgunFileContractTests : MailgunContract
{
    [Fact]
    public async Task The_rich_message_goes_as_a_file()
    {
        await Provider.SendAsync(Emails.Outgoing(Rich), Account, Token);
        Assert.NotNull(Assert.Single(Arrived).Shape);
    }
}

/// <summary>Without them, and with tags and names that fields can say, it goes as fields.</summary>
public sealed class MailgunFieldsContractTests : MailgunContract
{
    private protected override EmailContent Rich => RichEmail.Content with
    {
        Attachments = [],
        Tags = ["invoice", "with space"],
        Metadata = new Dictionary<string, string> { ["order"] = "4711", ["name"] = "Jürgen \"JJ\"\r\n", ["empty"] = "" },
    };

    [Fact]
    public async Task The_rich_message_goes_as_fields()
    {
        await Provider.SendAsync(Emails.Outgoing(Rich), Account, Token);
        Assert.Null(Assert.Single(Arrived).Shape);
    }
}

public abstract class MailgunContract : VendorContract
{
    private protected override (VendorReply Sent, VendorReply Healthy) Replies => (MailgunBench.Accepted, VendorReply.Answer(200, """{"domain":{"state":"active"}}"""));

    private protected override Task<VendorBench> StartAsync() => MailgunBench.StartAsync();

    private protected override ArrivedEmail Read(VendorRequest request)
    {
        var form = request.Form();
        if (request.Target.EndsWith(".mime", StringComparison.Ordinal))
            return ArrivedEmail.OfMime(form.Single(static field => field.Name == "message").Bytes, form.All("to"));
        var headers = Named(form, "h:");
        var from = MailboxAddress.Parse(Assert.Single(form.All("from")));
        return new ArrivedEmail
        {
            Envelope = [.. form.All("to"), .. form.All("cc"), .. form.All("bcc")],
            From = from.Address,
            FromName = from.Name,
            ReplyTo = headers.GetValueOrDefault("Reply-To"),
            To = form.All("to"),
            Cc = form.All("cc"),
            Subject = Assert.Single(form.All("subject")),
            Text = form.All("text").SingleOrDefault(),
            Html = form.All("html").SingleOrDefault(),
            Headers = headers,
            Tags = form.All("o:tag"),
            Metadata = Named(form, "v:"),
            Files = [],
            MessageId = headers["Message-Id"],
            Date = DateTimeOffset.ParseExact(headers["Date"], "ddd, dd MMM yyyy HH:mm:ss zzz", CultureInfo.InvariantCulture),
            Visible = string.Join('\n', form.Where(static field => field.Name != "bcc").Select(static field => $"{field.Name}={field.Text}")),
        };
    }

    private static Dictionary<string, string> Named(IReadOnlyList<FormField> form, string prefix) =>
        form.Where(field => field.Name.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(field => field.Name[prefix.Length..], static field => field.Text);
}
