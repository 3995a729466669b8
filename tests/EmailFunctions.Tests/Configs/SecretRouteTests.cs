using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

/// <summary>Nobody gets hold of a saved secret by having it sent to a server of their own.</summary>
public sealed class SecretRouteTests
{
    private const string Path = "/api/v1/email/configs/acme";
    private const string Smtp = """{"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_password":"secret","from_email":"a@example.com"}""";
    private const string Oauth =
        """
        {"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_id":"id","smtp_oauth_client_secret":"secret","from_email":"a@example.com"}
        """;
    private const string Ses = """{"provider_type":"aws_ses","aws_region":"eu-west-1","aws_access_key":"secret","aws_secret_key":"secret","from_email":"a@example.com"}""";
    private const string Mailgun = """{"provider_type":"mailgun","api_key":"secret","from_email":"a@example.com"}""";
    private const string Fallback = """{"provider_type":"file","fallback":{"provider_type":"mailgun","api_key":"secret","from_email":"a@example.com"}}""";

    public static TheoryData<string, string, string> Diversions => new()
    {
        { Smtp, """{"smtp_host":"evil.example.com"}""", "smtp_password" },
        { Smtp, """{"smtp_port":2525}""", "smtp_password" },
        { Smtp, """{"smtp_use_tls":false}""", "smtp_password" },
        { Smtp, """{"smtp_use_ssl":true}""", "smtp_password" },
        { Smtp, """{"provider_type":"console"}""", "smtp_password" },
        { Smtp, """{"provider_type":"mailgun","api_key":"another"}""", "smtp_password" },
        { Oauth, """{"smtp_oauth_token_url":"https://evil.example.com/token"}""", "smtp_oauth_client_secret" },
        { Oauth, """{"smtp_host":"evil.example.com"}""", "smtp_oauth_client_secret" },
        { Ses, """{"aws_region":"us-east-1"}""", "aws_access_key,aws_secret_key" },
        { Ses, """{"aws_region":"us-east-1","aws_access_key":"given"}""", "aws_secret_key" },
        { Ses, """{"api_endpoint":"https://evil.example.com"}""", "aws_access_key,aws_secret_key" },
        { Mailgun, """{"api_endpoint":"https://evil.example.com"}""", "api_key" },
        { Mailgun, """{"provider_type":"sendgrid"}""", "api_key" },
        { Fallback, """{"fallback":{"api_endpoint":"https://evil.example.com"}}""", "fallback.api_key" },
        { Fallback, """{"fallback":{"provider_type":"sendgrid"}}""", "fallback.api_key" },
    };

    public static TheoryData<string, string> HonestChanges => new()
    {
        { Smtp, """{"smtp_host":"new.example.com","smtp_password":"given again"}""" },
        { Smtp, """{"smtp_host":"new.example.com","smtp_username":null,"smtp_password":null}""" },
        { Smtp, """{"smtp_host":"MAIL.example.com","smtp_port":587,"smtp_use_tls":true,"provider_type":"smtp"}""" },
        { Smtp, """{"from_name":"Acme","daily_quota":5,"is_active":false}""" },
        { Smtp, """{"fallback":{"provider_type":"mailgun","api_key":"its-own"}}""" },
        { Ses, """{"provider_type":"ses","aws_configuration_set":"set"}""" },
        { Ses, """{"aws_region":"us-east-1","aws_access_key":"given","aws_secret_key":"given"}""" },
        { Mailgun, """{"api_endpoint":"https://api.eu.mailgun.net","api_key":"given-again"}""" },
        { Fallback, """{"fallback":null}""" },
        { Fallback, """{"fallback":{"cost_per_email_usd":0.1}}""" },
        { Fallback, """{"provider_type":"console"}""" },
    };

    [Theory]
    [MemberData(nameof(Diversions))]
    public async Task A_change_that_would_send_it_elsewhere_needs_it_again_by_name(string saved, string change, string secrets)
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, saved);
        var before = await service.GetAsync(Path);

        using var answer = await service.SendAsync(HttpMethod.Put, Path, change);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var errors = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["errors"]!.AsObject();
        Assert.Equal(secrets.Split(','), errors.Select(static error => error.Key));
        Assert.All(errors, static error => Assert.StartsWith("must be given again, or cleared with null, since ", error.Value![0]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Equal(before.ToJsonString(), (await service.GetAsync(Path)).ToJsonString());
    }

    [Theory]
    [MemberData(nameof(HonestChanges))]
    public async Task A_change_that_brings_it_clears_it_or_leaves_its_way_is_taken(string saved, string change)
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, saved);

        await service.Client.MustAsync(HttpMethod.Put, Path, change);
    }

    [Fact]
    public async Task A_configuration_that_is_only_tried_has_none_but_its_own()
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, Smtp);

        using var answer = await service.SendAsync(HttpMethod.Post, Path + "/test", """
            {"to":"me@example.com","test_config":{"provider_type":"smtp","smtp_host":"evil.example.com","smtp_username":"u","from_email":"a@example.com"}}
            """);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("needs smtp_password", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_new_configuration_has_none_but_its_own()
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, Smtp);

        var replaced = await service.Client.MustAsync(HttpMethod.Post, Path, """{"provider_type":"smtp","smtp_host":"evil.example.com","from_email":"a@example.com"}""");

        Assert.False(replaced!["has_smtp_password"]!.GetValue<bool>());
    }
}
