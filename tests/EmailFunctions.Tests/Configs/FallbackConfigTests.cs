using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

/// <summary>The second provider in a configuration.</summary>
public sealed class FallbackConfigTests
{
    private const string Path = "/api/v1/email/configs/acme";

    private const string Both =
        """
        {"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"user","smtp_password":"secret-1","from_email":"hello@example.com","fallback_to_system":true,
         "fallback":{"provider_type":"ses","aws_region":"eu-west-1","aws_configuration_set":"set","aws_access_key":"secret-2","aws_secret_key":"secret-3","aws_session_token":"secret-4",
                     "from_email":"ses@example.com","cost_per_email_usd":0.0002}}
        """;

    [Fact]
    public async Task It_comes_back_without_its_secrets_and_says_what_is_there_of_them()
    {
        await using var service = ServiceHost.Start();

        var saved = await service.Client.MustAsync(HttpMethod.Post, Path, Both);

        Assert.DoesNotContain("secret-", saved!.ToJsonString(), StringComparison.Ordinal);
        var fallback = saved["fallback"]!;
        Assert.Equal(
            ("aws_ses", "eu-west-1", "set", "ses@example.com", 0.0002m),
            (Text(fallback, "provider_type"), Text(fallback, "aws_region"), Text(fallback, "aws_configuration_set"), Text(fallback, "from_email"), fallback["cost_per_email_usd"]!.GetValue<decimal>()));
        Assert.Equal((true, false, true, false), (Flag(saved, "has_smtp_password"), Flag(saved, "has_aws_credentials"), Flag(fallback, "has_aws_credentials"), Flag(fallback, "has_smtp_password")));
        Assert.True(Flag(saved, "fallback_to_system"));
        Assert.Equal(saved.ToJsonString(), (await service.GetAsync(Path)).ToJsonString());
    }

    [Fact]
    public async Task No_file_of_the_service_holds_its_secrets()
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, Both);

        foreach (var file in Directory.EnumerateFiles(service.Data.FullPath, "*", SearchOption.AllDirectories).Where(static file => System.IO.Path.GetFileName(file) != "lock"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain("secret-", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_configuration_without_one_says_so()
    {
        await using var service = ServiceHost.Start();

        var saved = await service.Client.MustAsync(HttpMethod.Post, Path, """{"provider_type":"file"}""");

        Assert.True(saved!.AsObject().ContainsKey("fallback"));
        Assert.Null(saved["fallback"]);
        Assert.False(Flag(saved, "fallback_to_system"));
    }

    [Fact]
    public async Task PUT_changes_what_is_given_of_it_and_keeps_the_rest_and_the_secrets()
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, Both);

        var changed = await service.Client.MustAsync(HttpMethod.Put, Path, """{"fallback":{"cost_per_email_usd":0.0003}}""");

        Assert.Equal(("eu-west-1", 0.0003m, "set", true), (Text(changed!["fallback"]!, "aws_region"), changed["fallback"]!["cost_per_email_usd"]!.GetValue<decimal>(), Text(changed["fallback"]!, "aws_configuration_set"), Flag(changed["fallback"]!, "has_aws_credentials")));
        Assert.True(Flag(changed, "has_smtp_password"));
    }

    [Fact]
    public async Task PUT_with_null_takes_it_away_with_its_secrets_and_leaves_the_first_ones()
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, Both);

        var gone = await service.Client.MustAsync(HttpMethod.Put, Path, """{"fallback":null}""");
        Assert.Null(gone!["fallback"]);
        Assert.True(Flag(gone, "has_smtp_password"));
        using var again = await service.SendAsync(HttpMethod.Put, Path, """{"fallback":{"provider_type":"aws_ses","aws_region":"eu-west-1"}}""");

        // The keys of before are not there any more.
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
    }

    [Fact]
    public async Task PUT_that_takes_the_secrets_of_the_first_keeps_those_of_the_fallback()
    {
        await using var service = ServiceHost.Start();
        await service.Client.MustAsync(HttpMethod.Post, Path, Both);

        var changed = await service.Client.MustAsync(HttpMethod.Put, Path, """{"smtp_username":null,"smtp_password":null}""");

        Assert.Equal((false, true), (Flag(changed!, "has_smtp_password"), Flag(changed!["fallback"]!, "has_aws_credentials")));
    }

    [Theory]
    [InlineData("""{}""", "fallback.provider_type")]
    [InlineData("""{"provider_type":"pigeon"}""", "fallback.provider_type")]
    [InlineData("""{"provider_type":"smtp"}""", "fallback.smtp_host")]
    [InlineData("""{"provider_type":"smtp","smtp_host":"h","smtp_username":"u"}""", "fallback.smtp_username")]
    [InlineData("""{"provider_type":"smtp","smtp_host":"h","smtp_use_tls":true,"smtp_use_ssl":true}""", "fallback.smtp_use_ssl")]
    [InlineData("""{"provider_type":"smtp","smtp_host":"h","smtp_port":0}""", "fallback.smtp_port")]
    [InlineData("""{"provider_type":"sendgrid"}""", "fallback.api_key")]
    [InlineData("""{"provider_type":"mailgun","api_key":"k","api_endpoint":"http://api.example.com"}""", "fallback.api_endpoint")]
    [InlineData("""{"provider_type":"aws_ses","aws_region":"eu-west-1","aws_access_key":"k"}""", "fallback.aws_secret_key")]
    [InlineData("""{"provider_type":"file","from_email":"nobody"}""", "fallback.from_email")]
    [InlineData("""{"provider_type":"file","cost_per_email_usd":-1}""", "fallback.cost_per_email_usd")]
    [InlineData("""{"provider_type":"file","daily_quota":1}""", "fallback.daily_quota")]
    [InlineData("""{"provider_type":"file","rate_limit_per_minute":1}""", "fallback.rate_limit_per_minute")]
    [InlineData("""{"provider_type":"file","fallback":{"provider_type":"file"}}""", "fallback.fallback")]
    [InlineData("""{"provider_type":"file","fallback_to_system":true}""", "fallback.fallback_to_system")]
    [InlineData(""" "smtp" """, "fallback")]
    public async Task What_is_wrong_in_it_is_named(string fallback, string field)
    {
        await using var service = ServiceHost.Start();

        using var answer = await service.SendAsync(HttpMethod.Post, Path, $$"""{"provider_type":"smtp","smtp_host":"h","from_email":"a@example.com","fallback":{{fallback}}}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var errors = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["errors"]!.AsObject();
        Assert.Contains(field, errors.Select(static pair => pair.Key));
    }

    [Fact]
    public async Task It_needs_a_sender_where_the_first_provider_has_none()
    {
        await using var service = ServiceHost.Start();

        using var answer = await service.SendAsync(HttpMethod.Post, Path, """{"provider_type":"file","fallback":{"provider_type":"smtp","smtp_host":"h"}}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("fallback.from_email", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_id":"c","smtp_oauth_client_secret":"s","smtp_username":"u"}""", null)]
    [InlineData("""{"smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_id":"c","smtp_oauth_refresh_token":"s","smtp_username":"u"}""", null)]
    [InlineData("""{"smtp_oauth_token_url":"http://login.example.com/token","smtp_oauth_client_id":"c","smtp_oauth_client_secret":"s","smtp_username":"u"}""", "smtp_oauth_token_url")]
    [InlineData("""{"smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_secret":"s","smtp_username":"u"}""", "smtp_oauth_client_id")]
    [InlineData("""{"smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_id":"c","smtp_username":"u"}""", "smtp_oauth_client_secret")]
    [InlineData("""{"smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_id":"c","smtp_oauth_client_secret":"s"}""", "smtp_oauth_token_url")]
    [InlineData("""{"smtp_oauth_token_url":"https://login.example.com/token","smtp_oauth_client_id":"c","smtp_oauth_client_secret":"s","smtp_username":"u","smtp_password":"p"}""", "smtp_oauth_token_url")]
    public async Task A_server_is_opened_by_a_password_or_by_tokens(string fields, string? field)
    {
        await using var service = ServiceHost.Start();
        var config = JsonNode.Parse(fields)!.AsObject();
        config["provider_type"] = "smtp";
        config["smtp_host"] = "mail.example.com";
        config["from_email"] = "a@example.com";

        using var answer = await service.SendAsync(HttpMethod.Post, Path, config.ToJsonString());

        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        if (field is null)
            Assert.True(Flag(body, "has_smtp_oauth_credentials"), body.ToJsonString());
        else
            Assert.Contains(field, body["errors"]!.AsObject().Select(static pair => pair.Key));
    }

    private static string? Text(JsonNode node, string name) => node[name]?.GetValue<string>();

    private static bool Flag(JsonNode node, string name) => node[name]!.GetValue<bool>();
}
