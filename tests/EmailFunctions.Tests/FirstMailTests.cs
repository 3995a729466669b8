using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;
using MimeKit;

namespace EmailFunctions.Tests;

public sealed class FirstMailTests
{
    [Fact]
    public async Task A_desk_without_any_setting_writes_the_first_mail_to_a_file()
    {
        await using var service = ServiceHost.Start();

        var id = await service.AcceptAsync("""{"to":["you@example.com"],"subject":"Hello","body":"Hello, you."}""");
        var message = await service.WaitForAsync(id, "sent");

        Assert.Equal("file", message["provider"]!.GetValue<string>());
        var file = Assert.Single(Directory.GetFiles(service.Data.Combine("mail"), "*.eml", SearchOption.AllDirectories));
        using var mail = await MimeMessage.LoadAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal("Hello", mail.Subject);
        Assert.Equal("you@example.com", mail.To.Mailboxes.Single().Address);
        Assert.Equal("Hello, you.", mail.TextBody?.TrimEnd());
    }

    [Fact]
    public async Task A_tenants_mail_goes_through_its_own_server_and_shows_in_usage_and_audit()
    {
        await using var sink = SmtpSink.Start(new SmtpSinkOptions { CaptureHeaders = ["Message-ID"] });
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", $$"""
            {"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":{{sink.Port}},"smtp_use_tls":false,"from_email":"hello@acme.example","cost_per_email_usd":0.001}
            """);
        Assert.Equal(System.Net.HttpStatusCode.Created, saved.StatusCode);

        var id = await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com","b@example.com"],"bcc":["c@example.com"],"subject":"Hello","body":"Hello."}""");
        await service.WaitForAsync(id, "sent");

        Assert.Equal(["a@example.com", "b@example.com", "c@example.com"], Assert.Single(sink.Messages).Recipients);
        var usage = await service.GetAsync("/api/v1/email/configs/acme/usage");
        Assert.Equal(1, usage["successful_emails"]!.GetValue<int>());
        Assert.Equal(3, usage["total_recipients"]!.GetValue<int>());
        Assert.Equal(0.003m, usage["total_cost_usd"]!.GetValue<decimal>());
        var audit = await service.GetAsync("/api/v1/email/configs/acme/audit-logs?recipient=b@example.com");
        Assert.Equal(id, Assert.Single(audit["logs"]!.AsArray())!["message_id"]!.GetValue<string>());
    }
}
