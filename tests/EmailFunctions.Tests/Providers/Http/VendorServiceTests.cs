using System.Net;
using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Mailgun;
using EmailFunctions.Tests.Providers.SendGrid;
using EmailFunctions.Tests.Providers.Ses;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>The vendors in the whole service, from the request of a client to the request at the vendor.</summary>
public sealed class VendorServiceTests
{
    private static readonly Dictionary<string, string> Settings = new() { ["EMAIL_ALLOW_HTTP_ENDPOINTS"] = "true" };

    [Fact]
    public async Task Every_kind_of_provider_is_part_of_the_service()
    {
        await using var service = ServiceHost.Start();
        var registry = service.Services.GetRequiredService<ProviderRegistry>();
        Assert.All(Enum.GetValues<ProviderType>(), type => Assert.True(registry.Has(type), type.Name()));
    }

    [Theory]
    [InlineData("aws_ses", """ "aws_region":"eu-west-1","aws_access_key":"AKIDEXAMPLE","aws_secret_key":"secret" """, SesBench.MessageId)]
    [InlineData("sendgrid", """ "api_key":"SG.key" """, SendGridBench.MessageId)]
    [InlineData("mailgun", """ "api_key":"key-1","mailgun_domain":"mg.acme.example" """, MailgunBench.MessageId)]
    public async Task A_tenants_mail_goes_through_its_vendor(string type, string fields, string providerMessageId)
    {
        await using var server = await VendorServer.StartAsync(request => request.Target switch
        {
            "/v2/email/outbound-emails" => SesBench.Accepted,
            "/v3/mail/send" => SendGridBench.Accepted,
            "/v3/mg.acme.example/messages" => MailgunBench.Accepted,
            _ => VendorReply.Answer(404),
        });
        await using var service = ServiceHost.Start(Settings);
        using var saved = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", $$"""
            {"provider_type":"{{type}}",{{fields}},"api_endpoint":"{{server.Address}}","from_email":"hello@acme.example"}
            """);
        Assert.Equal(HttpStatusCode.Created, saved.StatusCode);
        var id = await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com"],"subject":"Hello","body":"Hello."}""");
        var message = await service.WaitForAsync(id, "sent");
        Assert.Equal((type, providerMessageId), (message["provider"]!.GetValue<string>(), message["provider_message_id"]!.GetValue<string>()));
        Assert.Single(server.Requests);
    }
}
