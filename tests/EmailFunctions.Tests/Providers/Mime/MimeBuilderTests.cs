using EmailFunctions.Messages;
using EmailFunctions.Providers;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Mime;

/// <summary>Which parts a message has, and who sends it.</summary>
public sealed class MimeBuilderTests
{
    private static readonly EmailAttachment File = new("a.pdf", "application/pdf", null, FileContent.Of(new byte[] { 1, 2, 3 }));
    private static readonly EmailAttachment Inline = new("logo.png", "image/png", "logo", FileContent.Of(new byte[] { 4, 5 }));
    private static readonly ProviderSettings Configured = new()
    {
        Type = ProviderType.Smtp,
        FromEmail = "configured@acme.example",
        FromName = "Configured",
        ReplyTo = "configured-replies@acme.example",
    };

    /// <summary>What a message has, and the tree of its parts.</summary>
    public static TheoryData<string, string> Trees => new()
    {
        { "text", "text/plain" },
        { "html", "text/html" },
        { "text html", "multipart/alternative(text/plain text/html)" },
        { "text inline", "multipart/related(text/plain image/png)" },
        { "html inline", "multipart/related(text/html image/png)" },
        { "text html inline", "multipart/alternative(text/plain multipart/related(text/html image/png))" },
        { "text file", "multipart/mixed(text/plain application/pdf)" },
        { "html file", "multipart/mixed(text/html application/pdf)" },
        { "text html file", "multipart/mixed(multipart/alternative(text/plain text/html) application/pdf)" },
        { "html inline file", "multipart/mixed(multipart/related(text/html image/png) application/pdf)" },
        { "text html inline file", "multipart/mixed(multipart/alternative(text/plain multipart/related(text/html image/png)) application/pdf)" },
    };

    [Theory]
    [MemberData(nameof(Trees))]
    public void The_parts_form_the_tree_that_mail_programs_expect(string has, string tree)
    {
        var parts = has.Split(' ');
        var content = Emails.Small with
        {
            Text = parts.Contains("text") ? "Hello." : null,
            Html = parts.Contains("html") ? "<p>Hello." : null,
            Attachments = [.. parts.Contains("file") ? [File] : Array.Empty<EmailAttachment>(), .. parts.Contains("inline") ? [Inline] : Array.Empty<EmailAttachment>()],
        };
        using var message = MimeWire.Send(content);
        Assert.Equal(tree, Tree(message.Body!));
    }

    [Fact]
    public void A_message_of_html_has_no_empty_text_beside_it()
    {
        using var message = MimeWire.Send(Emails.Small with { Text = null, Html = "<p>Hello." });
        Assert.Equal((null, "<p>Hello."), (Trimmed(message.TextBody), Trimmed(message.HtmlBody)));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData(null, "")]
    [InlineData("", "")]
    public void An_empty_body_arrives_empty(string? text, string? html)
    {
        using var message = MimeWire.Send(Emails.Small with { Text = text, Html = html });
        Assert.Equal((text, html), (Trimmed(message.TextBody), Trimmed(message.HtmlBody)));
    }

    [Theory]
    [InlineData("message/rfc822")]
    [InlineData("MESSAGE/Partial; id=x; number=1")]
    [InlineData("message/external-body; access-type=URL; URL=\"https://example.com\"")]
    [InlineData("multipart/mixed; boundary=x")]
    [InlineData("Multipart/Report")]
    public void A_file_of_a_type_that_may_not_be_encoded_arrives_as_plain_bytes(string type)
    {
        byte[] bytes = [.. "Subject: x\r\n\r\n--x\n\r.\r\n"u8, 0, 255];
        using var message = MimeWire.Send(Emails.Small with { Attachments = [new EmailAttachment("a.eml", type, null, FileContent.Of(bytes))] });
        var part = Assert.IsType<MimePart>(Assert.Single(message.Attachments));
        using var content = new MemoryStream();
        part.Content!.DecodeTo(content, TestContext.Current.CancellationToken);
        Assert.Equal(("application/octet-stream", "a.eml"), (part.ContentType.MimeType, part.FileName));
        Assert.Equal(bytes, content.ToArray());
    }

    [Fact]
    public void A_files_own_parameters_stay_with_its_type()
    {
        using var message = MimeWire.Send(Emails.Small with { Attachments = [File with { ContentType = "text/calendar; method=REQUEST; charset=utf-8", FileName = "größe \"1\".ics" }] });
        var part = Assert.IsType<MimePart>(Assert.Single(message.Attachments), exactMatch: false);
        Assert.Equal(("text/calendar", "REQUEST", "utf-8", "größe \"1\".ics"), (part.ContentType.MimeType, part.ContentType.Parameters["method"], part.ContentType.Charset, part.FileName));
    }

    [Fact]
    public void A_long_file_name_arrives_whole_wherever_its_parts_begin()
    {
        string[] names = [.. Enumerable.Range(1, 60).Select(static length => new string('x', length) + "🎉🎉 größe 例.pdf"), string.Concat(Enumerable.Repeat("🎉", 127))];
        using var message = MimeWire.Send(Emails.Small with { Attachments = [.. names.Select(static name => File with { FileName = name })] });
        var parts = message.Attachments.OfType<MimePart>().ToList();
        Assert.Equal(names, parts.Select(static part => part.ContentDisposition?.FileName));
        Assert.Equal(names, parts.Select(static part => part.ContentType.Name));
    }

    [Fact]
    public void Inline_parts_are_found_by_their_content_id()
    {
        using var message = MimeWire.Send(Emails.Small with { Html = "<img src=\"cid:a\"><img src=\"cid:b@acme.example\">", Attachments = [Inline with { ContentId = "a" }, Inline with { ContentId = "b@acme.example" }] });
        Assert.Equal(["a", "b@acme.example"], message.BodyParts.Where(static part => part.ContentId is not null).Select(static part => part.ContentId));
        Assert.Empty(message.Attachments);
    }

    [Theory]
    [InlineData(null, null, "Configured", "configured@acme.example")]
    [InlineData(null, "Given", "Given", "configured@acme.example")]
    [InlineData("given@acme.example", "Given", "Given", "given@acme.example")]
    public void The_sender_is_the_messages_or_else_the_configurations(string? email, string? name, string expectedName, string expectedEmail)
    {
        using var message = MimeWire.Send(Emails.Small with { FromEmail = email, FromName = name }, Configured);
        var from = message.From.Mailboxes.Single();
        Assert.Equal((expectedName, expectedEmail), (from.Name, from.Address));
    }

    [Fact]
    public void An_address_without_a_name_does_not_take_the_name_of_the_configurations_address()
    {
        using var message = MimeWire.Send(Emails.Small with { FromEmail = "given@acme.example" }, Configured);
        var from = message.From.Mailboxes.Single();
        Assert.True(string.IsNullOrEmpty(from.Name));
        Assert.Equal("given@acme.example", from.Address);
    }

    [Theory]
    [InlineData(null, "configured-replies@acme.example")]
    [InlineData("given@acme.example", "given@acme.example")]
    public void Answers_go_where_the_message_says_or_else_the_configuration(string? replyTo, string expected)
    {
        using var message = MimeWire.Send(Emails.Small with { ReplyTo = replyTo }, Configured);
        Assert.Equal(expected, message.ReplyTo.Mailboxes.Single().Address);
    }

    [Fact]
    public void A_message_without_reply_to_tags_and_metadata_has_no_such_headers()
    {
        using var message = MimeWire.Send(Emails.Small);
        string[] names = ["Reply-To", "Cc", "Bcc", "Sender", "X-Tag", "X-Metadata"];
        Assert.DoesNotContain(message.Headers, header => names.Contains(header.Field, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void An_international_domain_is_written_in_its_ascii_form_everywhere()
    {
        var bytes = MimeWire.Write(Emails.Small with { FromEmail = "a@bücher.example", To = ["b@bücher.example"], Cc = ["c@例子.example"], ReplyTo = "d@bücher.example" });
        Assert.True(System.Text.Ascii.IsValid(bytes));
        var text = string.Join('\n', MimeWire.Lines(bytes));
        Assert.Contains("a@xn--bcher-kva.example", text, StringComparison.Ordinal);
        Assert.Contains("c@xn--fsqu00a.example", text, StringComparison.Ordinal);
        Assert.Contains("@xn--bcher-kva.example>", text.Split("Message-Id: ")[1].Split('\n')[0], StringComparison.Ordinal);
    }

    // Mail ends in a line end.
    private static string? Trimmed(string? text) => text?.TrimEnd('\n');

    private static string Tree(MimeEntity entity) =>
        entity is Multipart multipart ? $"{multipart.ContentType.MimeType}({string.Join(' ', multipart.Select(Tree))})" : entity.ContentType.MimeType;
}
