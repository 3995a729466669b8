using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.TestKit.Vendors;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Mailgun;

/// <summary>What a call of messages or messages.mime says.</summary>
public sealed class MailgunRequestTests
{
    // The fields that the vendor documents and that are used here, and how often each may stand
    // (documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages, both operations).
    private static readonly Dictionary<string, (int Least, int Most)> Fields = new()
    {
        ["from"] = (1, 1),
        ["to"] = (1, 1000),
        ["cc"] = (0, 1000),
        ["bcc"] = (0, 1000),
        ["subject"] = (1, 1),
        ["text"] = (0, 1),
        ["html"] = (0, 1),
        ["o:tag"] = (0, 10),
        ["o:testmode"] = (0, 1),
    };

    private static readonly Dictionary<string, (int Least, int Most)> FileFields = new()
    {
        ["to"] = (1, 1000),
        ["message"] = (1, 1),
        ["o:tag"] = (0, 10),
        ["o:testmode"] = (0, 1),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Messages, and whether fields can say them.</summary>
    public static TheoryData<EmailContent, bool> Messages => new()
    {
        { Emails.Small, true },
        { Emails.Small with { Html = "<p>" }, true },
        { Emails.Small with { Text = null, Html = "<p>" }, true },
        { Emails.Small with { Cc = ["c@example.com"], Bcc = ["d@example.com"], Tags = ["a", "b"] }, true },
        { Emails.Small with { Headers = new Dictionary<string, string> { ["X-A"] = "ü" }, Metadata = new Dictionary<string, string> { ["a.b"] = "ü" } }, true },
        { Emails.Small with { Text = "" }, false },
        { Emails.Small with { Html = "" }, false },
        { Emails.Small with { Tags = ["größe"] }, false },
        { Emails.Small with { Headers = new Dictionary<string, string> { ["X\"A"] = "1" } }, false },
        { Emails.Small with { Metadata = new Dictionary<string, string> { ["a b"] = "1" } }, false },
        { Emails.Small with { Headers = Enumerable.Range(0, 10).ToDictionary(static n => $"X-{n}", static _ => new string('x', 2_000)) }, false },
        { Emails.Small with { Attachments = [new("a.txt", "text/plain", null, FileContent.Of("a"u8.ToArray()))] }, false },
        { Emails.Small with { Attachments = [new("a.png", "image/png", "logo", FileContent.Of("a"u8.ToArray()))] }, false },
        { RichEmail.Content, false },
    };

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public async Task The_form_is_as_the_vendor_documents_it_and_has_a_file_only_where_fields_do_not_do(EmailContent content, bool asFields)
    {
        await using var bench = await MailgunBench.StartAsync();
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(content)).Status);
        var request = bench.Request();
        var form = request.Form();
        Assert.Equal(("POST", "/v3/acme.example/messages" + (asFields ? "" : ".mime")), (request.Method, request.Target));
        Assert.StartsWith("multipart/form-data; boundary=", request.Header("content-type"), StringComparison.Ordinal);
        Assert.Equal($"{request.Body.Length}", request.Header("content-length"));
        AssertDocumented(form, asFields ? Fields : FileFields, mayHaveHeaders: asFields);
        Assert.Equal(asFields ? [] : new[] { "message.mime" }, form.Select(static field => field.FileName).OfType<string>());
        Assert.InRange(form.Where(static field => field.Name[1] == ':').Sum(static field => Encoding.UTF8.GetByteCount(field.Name) + field.Bytes.Length), 0, 16 * 1024);
    }

    [Fact]
    public async Task A_message_is_posted_as_user_api_with_the_accounts_key_and_its_id_comes_back()
    {
        await using var bench = await MailgunBench.StartAsync();
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Sent, MailgunBench.MessageId, "200 Queued. Thank you."), (result.Status, result.ProviderMessageId, result.Answer));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("api:" + MailgunBench.Key)), bench.Request().Header("authorization"));
    }

    [Fact]
    public async Task A_call_for_some_is_a_file_whose_headers_name_all()
    {
        await using var bench = await MailgunBench.StartAsync();
        var email = Emails.Outgoing(Emails.Small with { To = ["a@example.com", "b@example.com"], Cc = ["c@bücher.example"], Bcc = ["d@example.com"] }) with { Recipients = [1, 2, 3] };
        await bench.Provider.SendAsync(email, bench.Account, Token);
        var form = bench.Request().Form();
        Assert.Equal(["b@example.com", "c@xn--bcher-kva.example", "d@example.com"], form.All("to"));
        using var message = MimeMessage.Load(new MemoryStream(form.Single(static field => field.Name == "message").Bytes), Token);
        Assert.Equal((2, 1, 0), (message.To.Count, message.Cc.Count, message.Bcc.Count));
    }

    [Fact]
    public async Task What_options_can_not_say_is_in_the_files_headers_all_the_same()
    {
        await using var bench = await MailgunBench.StartAsync();
        var metadata = Enumerable.Range(0, 400).ToDictionary(static n => $"key{n}", static _ => new string('v', 100));
        metadata["no name"] = "1";
        await bench.SendAsync(Emails.Small with { Tags = ["größe", "gr__e", new string('t', 200)], Metadata = metadata });
        var form = bench.Request().Form();
        Assert.Equal(["gr__e", new string('t', 128)], form.All("o:tag"));
        var variables = form.Count(static field => field.Name.StartsWith("v:", StringComparison.Ordinal));
        Assert.InRange(variables, 100, 160);
        Assert.Empty(form.All("v:no name"));
        var arrived = ArrivedEmail.OfMime(form.Single(static field => field.Name == "message").Bytes);
        Assert.Equal(metadata, arrived.Metadata);
        Assert.Equal(["größe", "gr__e", new string('t', 200)], arrived.Tags);
    }

    [Theory]
    [InlineData("mg.acme.example", "a@other.example", null, "mg.acme.example")]
    [InlineData("mg.bücher.example", "a@other.example", null, "mg.xn--bcher-kva.example")]
    [InlineData(null, "a@bücher.example", "b@elsewhere.example", "xn--bcher-kva.example")]
    [InlineData(null, null, "b@elsewhere.example", "elsewhere.example")]
    public async Task The_domain_is_the_accounts_or_that_of_its_sender(string? domain, string? sender, string? messageSender, string expected)
    {
        await using var bench = await MailgunBench.StartAsync(settings: MailgunBench.Settings with { MailgunDomain = domain, FromEmail = sender });
        await bench.SendAsync(Emails.Small with { FromEmail = messageSender });
        Assert.Equal($"/v3/{expected}/messages", bench.Request().Target);
    }

    [Fact]
    public async Task In_test_mode_the_vendor_is_told_to_deliver_nothing()
    {
        await using var bench = await MailgunBench.StartAsync(testMode: true);
        await bench.SendAsync();
        Assert.Equal(["yes"], bench.Request().Form().All("o:testmode"));
    }

    [Fact]
    public void It_takes_a_thousand_recipients_a_call_and_twenty_five_megabytes()
    {
        var provider = new MailgunProvider(null!, new MailgunOptions(), TimeProvider.System);
        Assert.Equal((1000, 25_000_000L), (provider.MaxRecipientsPerCall, provider.MaxEncodedBytes(MailgunBench.Settings)));
    }

    private static void AssertDocumented(IReadOnlyList<FormField> form, Dictionary<string, (int Least, int Most)> fields, bool mayHaveHeaders)
    {
        foreach (var (name, (least, most)) in fields)
            Assert.True(form.Count(field => field.Name == name) is var count && count >= least && count <= most, $"{name} stands {count} times");
        Assert.DoesNotContain(form, field => !fields.ContainsKey(field.Name) && !field.Name.StartsWith("v:", StringComparison.Ordinal) && !(mayHaveHeaders && field.Name.StartsWith("h:", StringComparison.Ordinal)));
        if (fields.ContainsKey("text"))
            Assert.Contains(form, static field => field.Name is "text" or "html" && field.Bytes.Length > 0);
        Assert.All(form.All("o:tag"), static tag => Assert.Matches("^[ -~]{1,128}$", tag));
    }
}
