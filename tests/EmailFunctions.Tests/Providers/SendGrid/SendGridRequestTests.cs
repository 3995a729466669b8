using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Mime;
using EmailFunctions.Tests.Providers.Ses;
using MimeKit.Utils;
using Newtonsoft.Json.Linq;
using NJsonSchema;

namespace EmailFunctions.Tests.Providers.SendGrid;

/// <summary>What a call of Mail Send says.</summary>
public sealed class SendGridRequestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static EmailContent Rich => RichEmail.Content with { Attachments = [.. RichEmail.Content.Attachments.Where(static file => file.Content.Length > 0)] };

    [Fact]
    public async Task A_message_is_posted_with_the_accounts_key_and_its_id_comes_back()
    {
        await using var bench = await SendGridBench.StartAsync();
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Sent, SendGridBench.MessageId, "202"), (result.Status, result.ProviderMessageId, result.Answer));
        var request = bench.Request();
        Assert.Equal(("POST", "/v3/mail/send", "application/json", "Bearer " + SendGridBench.Key), (request.Method, request.Target, request.Header("content-type"), request.Header("authorization")));
        Assert.Equal($"{request.Body.Length}", request.Header("content-length"));
    }

    public static TheoryData<EmailContent> Messages =>
    [
        Emails.Small,
        Emails.Small with { Text = null, Html = "<p>\"quoted\" \\ \u2028 </p>", Attachments = [new("a.txt", "text/plain", null, FileContent.Of("a"u8.ToArray()))] },
        Rich,
        Rich with { Attachments = [.. Enumerable.Range(0, 4).Select(static n => new EmailAttachment($"größe 🧾 \"{n}\"\\.bin", "a/b", n == 0 ? "id" : null, FileContent.Of(new byte[n + 1])))] },
    ];

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public async Task The_body_is_what_the_vendors_own_package_would_write(EmailContent content)
    {
        await using var bench = await SendGridBench.StartAsync();
        var email = Emails.Outgoing(content);
        await bench.Provider.SendAsync(email, bench.Account, Token);
        var expected = SendGridMessages.Of(email, bench.Settings, new SendGridOptions());
        (expected.PlainTextContent, expected.HtmlContent) = (content.Text?.InMemory, content.Html?.InMemory);
        foreach (var file in content.Attachments)
            expected.AddAttachment(file.FileName.Replace(';', '_').Replace(',', '_'), Convert.ToBase64String(file.Content.ToArray()), file.ContentType.Split(';')[0], file.ContentId is null ? "attachment" : "inline", file.ContentId);
        Assert.True(JToken.DeepEquals(JToken.Parse(expected.Serialize()), JToken.Parse(bench.Request().Text)));
    }

    // What the vendor's OpenAPI description of Mail Send (github.com/twilio/sendgrid-oai, spec/json/tsg_mail_v3.json) and its list of
    // errors (www.twilio.com/docs/sendgrid/api-reference/mail-send/errors) say of the fields that are used here; no others may be.
    private const string Schema =
        """
        {
          "definitions": {
            "address": { "type": "object", "required": ["email"], "additionalProperties": false, "properties": { "email": { "type": "string", "pattern": "^[^@]+@[!-~]+$" }, "name": { "type": "string" } } },
            "addresses": { "type": "array", "minItems": 1, "maxItems": 1000, "items": { "$ref": "#/definitions/address" } }
          },
          "type": "object",
          "required": ["personalizations", "from", "subject", "content"],
          "additionalProperties": false,
          "properties": {
            "personalizations": {
              "type": "array", "minItems": 1, "maxItems": 1000,
              "items": {
                "type": "object", "required": ["to"], "additionalProperties": false,
                "properties": { "to": { "$ref": "#/definitions/addresses" }, "cc": { "$ref": "#/definitions/addresses" }, "bcc": { "$ref": "#/definitions/addresses" } }
              }
            },
            "from": { "$ref": "#/definitions/address" },
            "reply_to": { "$ref": "#/definitions/address" },
            "subject": { "type": "string", "minLength": 1 },
            "content": {
              "type": "array", "minItems": 1, "maxItems": 2,
              "items": { "type": "object", "required": ["type", "value"], "additionalProperties": false, "properties": { "type": { "enum": ["text/plain", "text/html"] }, "value": { "type": "string", "minLength": 1 } } }
            },
            "attachments": {
              "type": "array", "minItems": 1,
              "items": {
                "type": "object", "required": ["content", "filename"], "additionalProperties": false,
                "properties": {
                  "content": { "type": "string", "minLength": 1 },
                  "type": { "type": "string", "minLength": 1, "pattern": "^[^;,\\r\\n]+$" },
                  "filename": { "type": "string", "pattern": "^[^;,\\r\\n]+$" },
                  "disposition": { "enum": ["inline", "attachment"] },
                  "content_id": { "type": "string", "pattern": "^[^;\\\\\\r\\n]+$" }
                }
              }
            },
            "headers": {
              "type": "object",
              "patternProperties": { "^(?!(?:[xX]-[sS][gG]-[eE]?[iI][dD]|[rR]eceived|DKIM-Signature|Content-Type|Content-Transfer-Encoding|To|From|Subject|Reply-To|C[cC]|B[cC][cC])$)[!-9;-~]+$": { "type": "string", "pattern": "^[ -~]*$" } },
              "additionalProperties": false
            },
            "categories": { "type": "array", "maxItems": 10, "uniqueItems": true, "items": { "type": "string", "maxLength": 255, "pattern": "^[ -~]+$" } },
            "custom_args": { "type": "object", "minProperties": 1, "additionalProperties": { "type": "string" } },
            "mail_settings": {
              "type": "object", "additionalProperties": false,
              "properties": { "sandbox_mode": { "type": "object", "additionalProperties": false, "required": ["enable"], "properties": { "enable": { "type": "boolean" } } } }
            }
          }
        }
        """;

    [Theory]
    [MemberData(nameof(Documented), DisableDiscoveryEnumeration = true)]
    public async Task The_body_is_as_the_vendor_documents_it(EmailContent content, bool sandbox)
    {
        await using var bench = await SendGridBench.StartAsync(sandbox: sandbox);
        await bench.SendAsync(content);
        var schema = await JsonSchema.FromJsonAsync(Schema, Token);
        Assert.Empty(schema.Validate(bench.Request().Text).Select(static error => $"{error.Path}: {error.Kind}"));
    }

    public static TheoryData<EmailContent, bool> Documented => new()
    {
        { Emails.Small, false },
        { Emails.Small, true },
        { Emails.Small with { Text = "" }, false },
        { Emails.Small with { Text = "", Html = "<p>" }, false },
        { Emails.Small with { Text = null, Html = "" }, false },
        { Emails.Small with { Text = "", Html = "" }, false },
        { Emails.Small with { To = ["info@bücher.example"], Tags = ["größe", "gr__e", "a"], Metadata = new Dictionary<string, string> { ["ü"] = "" } }, false },
        { Emails.Small with { Attachments = [new("a;b,c.txt", "text/plain; charset=utf-8", null, FileContent.Of("a"u8.ToArray()))] }, false },
        { Rich, false },
        { RichEmail.Content, false },
    };

    [Theory]
    [MemberData(nameof(HeaderTextTests.Texts), MemberType = typeof(HeaderTextTests))]
    public async Task A_header_is_one_line_of_ascii_that_is_read_as_it_was_given(string text)
    {
        await using var bench = await SendGridBench.StartAsync();
        await bench.SendAsync(Emails.Small with { Headers = new Dictionary<string, string> { ["X-Custom"] = text } });
        var sent = bench.Request().Json().GetProperty("headers").GetProperty("X-Custom").GetString()!;
        Assert.Matches("^[ -~]+\\z", sent);
        Assert.Equal(text, Rfc2047.DecodeText(Encoding.ASCII.GetBytes(sent)));
    }

    [Fact]
    public async Task A_header_in_ascii_is_sent_as_it_is()
    {
        await using var bench = await SendGridBench.StartAsync();
        var text = string.Join(' ', Enumerable.Repeat("<https://acme.example/leave?id=1>", 30));
        await bench.SendAsync(Emails.Small with { Headers = new Dictionary<string, string> { ["List-Unsubscribe"] = text } });
        Assert.Equal(text, bench.Request().Json().GetProperty("headers").GetProperty("List-Unsubscribe").GetString());
    }

    [Fact]
    public async Task An_empty_file_goes_out_under_its_name_with_a_blank_line()
    {
        await using var bench = await SendGridBench.StartAsync();
        var result = await bench.SendAsync(Emails.Small with { Attachments = [new("empty.csv", "text/csv", null, FileContent.Of(ReadOnlyMemory<byte>.Empty))] });
        Assert.Equal(SendStatus.Sent, result.Status);
        var file = bench.Request().Json().GetProperty("attachments")[0];
        Assert.Equal(("empty.csv", "text/csv", "Cg=="), (file.GetProperty("filename").GetString(), file.GetProperty("type").GetString(), file.GetProperty("content").GetString()));
    }

    [Fact]
    public async Task An_address_that_stands_twice_is_named_once_where_it_stands_first()
    {
        await using var bench = await SendGridBench.StartAsync();
        await bench.SendAsync(Emails.Small with { To = ["a@example.com", "A@EXAMPLE.com"], Cc = ["b@example.com", "a@example.com"], Bcc = ["B@example.com", "c@example.com"] });
        Assert.Equal("""[{"to":[{"email":"a@example.com"}],"cc":[{"email":"b@example.com"}],"bcc":[{"email":"c@example.com"}]}]""", Personalizations(bench.Request()));
    }

    [Theory]
    [InlineData("0,2,3", """[{"to":[{"email":"a@example.com"}],"cc":[{"email":"c@example.com"}],"bcc":[{"email":"d@example.com"}]}]""")]
    [InlineData("2,3,4", """[{"to":[{"email":"c@example.com"}],"bcc":[{"email":"d@example.com"},{"email":"e@example.com"}]}]""")]
    [InlineData("3,4", """[{"to":[{"email":"d@example.com"}]},{"to":[{"email":"e@example.com"}]}]""")]
    public async Task A_call_for_some_names_only_them_and_no_blind_copy_to_another(string positions, string expected)
    {
        await using var bench = await SendGridBench.StartAsync();
        var email = Emails.Outgoing(Emails.Small with { To = ["a@example.com", "b@example.com"], Cc = ["c@example.com"], Bcc = ["d@example.com", "e@example.com"] });
        await bench.Provider.SendAsync(email with { Recipients = [.. positions.Split(',').Select(int.Parse)] }, bench.Account, Token);
        Assert.Equal(expected, Personalizations(bench.Request()));
    }

    [Fact]
    public async Task Categories_are_in_ascii_and_custom_arguments_as_many_as_fit()
    {
        await using var bench = await SendGridBench.StartAsync();
        var metadata = Enumerable.Range(0, 3_000).ToDictionary(static n => $"k{n}", static _ => "");
        await bench.SendAsync(Emails.Small with { Tags = ["größe", "gr__e", "x"], Metadata = metadata });
        var json = bench.Request().Json();
        Assert.Equal("""["gr__e","x"]""", json.GetProperty("categories").GetRawText());
        var arguments = json.GetProperty("custom_args").GetRawText();
        Assert.InRange(Encoding.UTF8.GetByteCount(arguments), 9_900, 10_000);
        Assert.StartsWith("""{"k0":"","k1":"",""", arguments, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, SendStatus.Unknown)]
    [InlineData(true, SendStatus.Sent)]
    public async Task In_sandbox_mode_two_hundred_means_checked(bool sandbox, SendStatus status)
    {
        await using var bench = await SendGridBench.StartAsync(VendorReply.Answer(200), sandbox);
        var result = await bench.SendAsync();
        Assert.Equal((status, null), (result.Status, result.ProviderMessageId));
        Assert.Equal(sandbox, bench.Request().Json().TryGetProperty("mail_settings", out _));
    }

    [Fact]
    public async Task Another_endpoint_is_called_with_the_same_paths()
    {
        await using var bench = await SendGridBench.StartAsync();
        var account = bench.Account with { Settings = bench.Settings with { ApiEndpoint = $"{bench.Server.Address}eu/" } };
        await bench.SendAsync(account);
        Assert.Equal("/eu/v3/mail/send", bench.Request().Target);
    }

    [Fact]
    public void It_takes_a_thousand_recipients_a_call_and_thirty_megabytes()
    {
        var provider = new SendGridProvider(null!, new SendGridOptions(), TimeProvider.System);
        Assert.Equal((1000, 30_000_000L), (provider.MaxRecipientsPerCall, provider.MaxEncodedBytes(SendGridBench.Settings)));
    }

    private static string Personalizations(VendorRequest request) => request.Json().GetProperty("personalizations").GetRawText();
}
