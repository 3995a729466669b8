using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;
using MimeKit;

namespace EmailFunctions.Tests.RealServers;

/// <summary>A Postfix that lives as long as the tests of this class; none where it is not installed.</summary>
public sealed class PostfixFixture : IAsyncLifetime
{
    public PostfixServer? Server { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (PostfixServer.WhyUnavailable() is null)
            Server = await PostfixServer.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
    }
}

/// <summary>Mail through a mail server that this project did not write.</summary>
public sealed class PostfixTests(PostfixFixture fixture) : IClassFixture<PostfixFixture>
{
    private const string Subject = "Grüße aus Zürich — 你好 🎉";
    private const string Text = "Hallo Zoë,\n\n.a line that begins with a dot\n你好\n";
    private const string Html = "<p>Hallo <b>Zoë</b>, 你好 🎉</p>";
    private const string FileName = "📎 Übersicht – final.bin";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("plain")]
    [InlineData("starttls")]
    [InlineData("implicit")]
    public async Task A_message_with_everything_in_it_arrives_byte_for_byte(string transport)
    {
        var server = Server();
        await using var service = ServiceHost.Start(new Dictionary<string, string> { ["EMAIL_SMTP_CA_FILE"] = server.CertificatePemPath });
        await ConfigureAsync(service, Config(server, transport));
        var file = RandomNumberGenerator.GetBytes(5 * 1024 * 1024);
        var recipient = $"{transport}.zoe";

        var id = await service.AcceptAsync(Message(recipient, file));
        var message = await service.WaitForAsync(id, "sent", "failed", "deferred");

        Assert.Equal("sent", message["status"]!.GetValue<string>());
        Assert.Contains("queued as", message["provider_answer"]!.GetValue<string>(), StringComparison.Ordinal);
        var raw = Assert.Single(await server.WaitForMailAsync(recipient, 1, Patience, TestContext.Current.CancellationToken));
        using var mail = await MimeMessage.LoadAsync(new MemoryStream(raw), TestContext.Current.CancellationToken);
        AssertSame(mail, recipient, id, file);
    }

    [Fact]
    public async Task A_wrong_password_is_an_auth_failure_that_the_probe_and_the_test_mail_name()
    {
        var server = Server();
        await using var service = ServiceHost.Start(new Dictionary<string, string> { ["EMAIL_SMTP_CA_FILE"] = server.CertificatePemPath });
        var config = Config(server, "starttls");
        config["smtp_password"] = "wrong";
        await ConfigureAsync(service, config);

        var health = await service.GetAsync("/api/v1/email/configs/acme/health");
        using var answer = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme/test", """{"to":"nobody@example.test"}""");
        var test = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

        Assert.False(health["overall_healthy"]!.GetValue<bool>());
        Assert.False(test["success"]!.GetValue<bool>());
        Assert.Equal("auth", test["error_code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_gets_no_mail()
    {
        var server = Server();
        await using var service = ServiceHost.Start();
        await ConfigureAsync(service, Config(server, "implicit"));

        using var answer = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme/test", """{"to":"untrusted@example.test"}""");
        var test = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

        Assert.Equal("config", test["error_code"]!.GetValue<string>());
        Assert.Empty(await server.WaitForMailAsync("untrusted", 0, TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    private PostfixServer Server()
    {
        Assert.SkipWhen(fixture.Server is null, PostfixServer.WhyUnavailable() ?? "");
        return fixture.Server!;
    }

    private static JsonObject Config(PostfixServer server, string transport)
    {
        var config = new JsonObject
        {
            ["provider_type"] = "smtp",
            ["smtp_host"] = "localhost",
            ["smtp_port"] = transport switch { "plain" => server.PlainPort, "starttls" => server.StartTlsPort, _ => server.ImplicitTlsPort },
            ["smtp_use_tls"] = transport == "starttls",
            ["smtp_use_ssl"] = transport == "implicit",
            ["from_email"] = "hello@example.test",
            ["from_name"] = "Zoë Müller 你好",
            ["reply_to"] = "reply@example.test",
        };
        if (transport != "plain")
        {
            config["smtp_username"] = server.Username;
            config["smtp_password"] = server.Password;
        }

        return config;
    }

    private static async Task ConfigureAsync(ServiceHost service, JsonObject config)
    {
        using var saved = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", config.ToJsonString());
        Assert.True(saved.IsSuccessStatusCode, await saved.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static string Message(string recipient, byte[] file) => new JsonObject
    {
        ["tenant_id"] = "acme",
        ["to"] = new JsonArray($"{recipient}@example.test"),
        ["bcc"] = new JsonArray("hidden@example.test"),
        ["subject"] = Subject,
        ["body"] = Text,
        ["body_html"] = Html,
        ["attachments"] = new JsonArray(new JsonObject
        {
            ["filename"] = FileName,
            ["content_type"] = "application/x-test",
            ["content"] = Convert.ToBase64String(file),
        }),
    }.ToJsonString(JsonSerializerOptions.Web);

    private static void AssertSame(MimeMessage mail, string recipient, string id, byte[] file)
    {
        Assert.Equal(Subject, mail.Subject);
        Assert.Equal("Zoë Müller 你好", mail.From.Mailboxes.Single().Name);
        Assert.Equal("hello@example.test", mail.From.Mailboxes.Single().Address);
        Assert.Equal("reply@example.test", mail.ReplyTo.Mailboxes.Single().Address);
        Assert.Equal($"{recipient}@example.test", mail.To.Mailboxes.Single().Address);
        Assert.Empty(mail.Bcc);
        Assert.Equal($"{id.Split('~')[1]}@example.test", mail.MessageId);
        Assert.Equal(Text, mail.TextBody?.ReplaceLineEndings("\n"));
        Assert.Equal(Html, mail.HtmlBody?.TrimEnd());
        var part = Assert.IsType<MimePart>(Assert.Single(mail.Attachments));
        Assert.Equal(FileName, part.FileName);
        using var content = new MemoryStream();
        part.Content!.DecodeTo(content, TestContext.Current.CancellationToken);
        Assert.Equal(file, content.ToArray());
    }
}
