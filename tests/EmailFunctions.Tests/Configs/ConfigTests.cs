using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

public sealed class ConfigTests
{
    private const string Path = "/api/v1/email/configs/acme";

    private const string Smtp =
        """
        {"provider_type":"smtp","is_active":true,"smtp_host":"mail.example.com","smtp_port":2525,"smtp_username":"user","smtp_password":"secret-1","smtp_use_tls":true,
         "smtp_use_ssl":false,"from_email":"hello@example.com","from_name":"Acme","reply_to":"reply@example.com","rate_limit_per_minute":10,"rate_limit_per_hour":0,
         "daily_quota":500,"cost_per_email_usd":0.00012,"monthly_budget_usd":99.5,"over_quota":"reject","on_unknown":"hold","rate_limiting_enabled":true,"usage_logging_enabled":false,
         "audit_logging_enabled":false}
        """;

    private const string Ses =
        """{"provider_type":"ses","aws_region":"eu-west-1","aws_configuration_set":"set","aws_access_key":"secret-2","aws_secret_key":"secret-3","from_email":"hello@example.com"}""";

    private const string Mailgun =
        """{"provider_type":"mailgun","api_key":"secret-4","api_endpoint":"https://api.eu.mailgun.net","mailgun_domain":"mg.example.com","from_email":"hello@example.com"}""";

    [Fact]
    public async Task Every_field_comes_back_and_no_secret_does()
    {
        await using var service = ServiceHost.Start();

        foreach (var json in new[] { Smtp, Ses, Mailgun })
        {
            using var saved = await service.SendAsync(HttpMethod.Post, Path, json);
            Assert.True(saved.IsSuccessStatusCode);
            var text = await service.Client.GetStringAsync(new Uri(Path, UriKind.Relative), TestContext.Current.CancellationToken);
            var read = JsonNode.Parse(text)!.AsObject();
            foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
            {
                if (value!.ToJsonString().Contains("secret-", StringComparison.Ordinal))
                    Assert.False(read.ContainsKey(name), name);
                else if (name != "provider_type")
                    Assert.Equal(value.ToJsonString(), read[name]!.ToJsonString());
            }

            Assert.DoesNotContain("secret-", text, StringComparison.Ordinal);
            Assert.Equal(1, read["encryption_version"]!.GetValue<int>());
        }
    }

    [Fact]
    public async Task What_is_there_of_the_secrets_is_told()
    {
        await using var service = ServiceHost.Start();

        Assert.Equal((true, false, false), await SecretsAfterAsync(service, Smtp));
        Assert.Equal((false, true, false), await SecretsAfterAsync(service, Ses));
        Assert.Equal((false, false, true), await SecretsAfterAsync(service, Mailgun));
        Assert.Equal("aws_ses", (await AnswerAsync(await service.SendAsync(HttpMethod.Post, Path, Ses)))["provider_type"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_first_POST_creates_and_the_next_replaces_under_the_same_id()
    {
        await using var service = ServiceHost.Start();

        using var first = await service.SendAsync(HttpMethod.Post, Path, Smtp);
        using var second = await service.SendAsync(HttpMethod.Post, Path, Mailgun);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(Path, first.Headers.Location!.ToString());
        var (before, after) = (await AnswerAsync(first), await AnswerAsync(second));
        Assert.Equal(before["id"]!.ToJsonString(), after["id"]!.ToJsonString());
        Assert.Equal(before["created_at"]!.ToJsonString(), after["created_at"]!.ToJsonString());
        Assert.NotEqual(first.Headers.ETag, second.Headers.ETag);
    }

    [Fact]
    public async Task PUT_changes_what_is_given_keeps_the_secrets_and_clears_by_null()
    {
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, Path, Smtp);

        using var changed = await service.SendAsync(HttpMethod.Put, Path, """{"from_name":"Other","reply_to":null,"rate_limit_per_minute":null}""");

        var read = await AnswerAsync(changed);
        Assert.Equal("Other", read["from_name"]!.GetValue<string>());
        Assert.Null(read["reply_to"]);
        Assert.Null(read["rate_limit_per_minute"]);
        Assert.True(read["has_smtp_password"]!.GetValue<bool>());
        Assert.Equal("hello@example.com", read["from_email"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_a_configuration_does_not_say_about_policy_is_the_default_and_PUT_of_null_goes_back_to_it()
    {
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, Path, Smtp);

        using var cleared = await service.SendAsync(
            HttpMethod.Put, Path, """{"over_quota":null,"on_unknown":null,"rate_limiting_enabled":null,"usage_logging_enabled":null,"audit_logging_enabled":null}""");

        AssertDefault(await AnswerAsync(cleared));
        AssertDefault(await service.GetAsync(Path));

        static void AssertDefault(JsonObject read)
        {
            Assert.Equal(("defer", "resend"), (read["over_quota"]!.GetValue<string>(), read["on_unknown"]!.GetValue<string>()));
            foreach (var name in new[] { "rate_limiting_enabled", "usage_logging_enabled", "audit_logging_enabled" })
            {
                Assert.True(read.ContainsKey(name), name);
                Assert.Null(read[name]);
            }
        }
    }

    [Fact]
    public async Task PUT_keeps_the_policy_that_it_does_not_name()
    {
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, Path, Smtp);

        using var changed = await service.SendAsync(HttpMethod.Put, Path, """{"over_quota":"defer","usage_logging_enabled":true}""");

        var read = await AnswerAsync(changed);
        Assert.Equal(("defer", "hold"), (read["over_quota"]!.GetValue<string>(), read["on_unknown"]!.GetValue<string>()));
        Assert.Equal((true, false), (read["usage_logging_enabled"]!.GetValue<bool>(), read["audit_logging_enabled"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task POST_without_a_secret_drops_it_and_PUT_of_null_clears_it()
    {
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, Path, Smtp);
        using var cleared = await service.SendAsync(HttpMethod.Put, Path, """{"smtp_username":null,"smtp_password":null}""");
        Assert.False((await AnswerAsync(cleared))["has_smtp_password"]!.GetValue<bool>());
        using var again = await service.SendAsync(HttpMethod.Put, Path, """{"smtp_username":"u","smtp_password":"p"}""");
        Assert.True((await AnswerAsync(again))["has_smtp_password"]!.GetValue<bool>());

        Assert.Equal((false, false, false), await SecretsAfterAsync(service, """{"provider_type":"smtp","smtp_host":"mail.example.com","from_email":"hello@example.com"}"""));
    }

    [Theory]
    [InlineData("""{"provider_type":"smtp","smtp_host":"h.example","from_email":"a@example.com"}""", 587, true, false)]
    [InlineData("""{"provider_type":"smtp","smtp_host":"h.example","from_email":"a@example.com","smtp_use_ssl":true}""", 465, false, true)]
    [InlineData("""{"provider_type":"smtp","smtp_host":"h.example","from_email":"a@example.com","smtp_use_tls":false}""", 587, false, false)]
    public async Task Port_and_TLS_have_safe_defaults(string json, int port, bool tls, bool ssl)
    {
        await using var service = ServiceHost.Start();

        var read = await AnswerAsync(await service.SendAsync(HttpMethod.Post, Path, json));

        Assert.Equal((port, tls, ssl), (read["smtp_port"]!.GetValue<int>(), read["smtp_use_tls"]!.GetValue<bool>(), read["smtp_use_ssl"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task If_Match_lets_only_the_version_through_that_it_names()
    {
        await using var service = ServiceHost.Start();
        using var created = await service.SendAsync(HttpMethod.Post, Path, Smtp);

        Assert.Equal(HttpStatusCode.OK, await PutAsync(service, created.Headers.ETag!));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await PutAsync(service, created.Headers.ETag!));
        Assert.Equal(HttpStatusCode.OK, await PutAsync(service, EntityTagHeaderValue.Any));
    }

    [Fact]
    public async Task Twenty_changes_at_once_are_all_kept()
    {
        await using var service = ServiceHost.Start();
        using var created = await service.SendAsync(HttpMethod.Post, Path, Smtp);
        string[] fields = ["rate_limit_per_minute", "rate_limit_per_hour", "daily_quota", "monthly_budget_usd"];

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            using var changed = await service.SendAsync(HttpMethod.Put, Path, $$"""{"{{fields[n % 4]}}":{{100 + (n % 4)}}}""");
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }));

        var read = await service.GetAsync(Path);
        Assert.Equal([100, 101, 102, 103], fields.Select(name => read[name]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_deleted_or_inactive_configuration_leaves_the_system_default()
    {
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, Path, """{"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":1,"from_email":"a@example.com"}""");
        using var off = await service.SendAsync(HttpMethod.Put, Path, """{"is_active":false}""");
        var first = await service.WaitForAsync(await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com"],"subject":"a","body":"b"}"""), "sent");
        using var deleted = await service.Client.DeleteAsync(new Uri(Path, UriKind.Relative), TestContext.Current.CancellationToken);
        using var gone = await service.Client.GetAsync(new Uri(Path, UriKind.Relative), TestContext.Current.CancellationToken);
        var second = await service.WaitForAsync(await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com"],"subject":"a","body":"b"}"""), "sent");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (deleted.StatusCode, gone.StatusCode));
        Assert.Equal(("file", "file"), (first["provider"]!.GetValue<string>(), second["provider"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_test_mail_goes_at_once_by_the_saved_the_system_or_an_unsaved_configuration()
    {
        await using var service = ServiceHost.Start();
        using var saved = await service.SendAsync(HttpMethod.Post, Path, """{"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":1,"smtp_username":"u","smtp_password":"p","from_email":"a@example.com"}""");

        var own = await AnswerAsync(await service.SendAsync(HttpMethod.Post, Path + "/test", """{"to":"you@example.com"}"""));
        var system = await AnswerAsync(await service.SendAsync(HttpMethod.Post, Path + "/test", """{"to":"you@example.com","use_tenant_config":false}"""));
        var unsaved = await AnswerAsync(await service.SendAsync(HttpMethod.Post, Path + "/test", """{"to":"you@example.com","test_config":{"provider_type":"file","from_email":"b@example.com"}}"""));
        using var borrowed = await service.SendAsync(HttpMethod.Post, Path + "/test", """{"to":"you@example.com","test_config":{"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_username":"u","from_email":"b@example.com"}}""");

        Assert.Equal((false, "smtp", "network"), (own["success"]!.GetValue<bool>(), own["provider"]!.GetValue<string>(), own["error_code"]!.GetValue<string>()));
        Assert.True(system["success"]!.GetValue<bool>());
        Assert.True(unsaved["success"]!.GetValue<bool>());
        Assert.Equal(HttpStatusCode.BadRequest, borrowed.StatusCode);
    }

    private static async Task<(bool Smtp, bool Aws, bool Api)> SecretsAfterAsync(ServiceHost service, string json)
    {
        var read = await AnswerAsync(await service.SendAsync(HttpMethod.Post, Path, json));
        return (read["has_smtp_password"]!.GetValue<bool>(), read["has_aws_credentials"]!.GetValue<bool>(), read["has_api_key"]!.GetValue<bool>());
    }

    private static async Task<HttpStatusCode> PutAsync(ServiceHost service, EntityTagHeaderValue ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Path) { Content = ServiceHost.Json("""{"from_name":"x"}""") };
        request.Headers.IfMatch.Add(ifMatch);
        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<JsonObject> AnswerAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!.AsObject();
    }
}
