using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Configs;
using EmailFunctions.Outbound;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Outbound;

/// <summary>The tricks through the public API: what is written wrong is answered 400 with its field, and what leads elsewhere is not called and loses no mail.</summary>
public sealed class OutboundApiTests : IAsyncDisposable
{
    private const string Path = "/api/v1/email/configs/acme";
    private const string Mail = """{"tenant_id":"acme","to":["a@example.com"],"subject":"Hello","body":"Hello."}""";

    // What the tricks are put into by PUT.
    private static readonly Dictionary<string, string> Honest = new()
    {
        ["smtp"] = Server("mail.example.com"),
        ["mailgun"] = """{"provider_type":"mailgun","api_key":"key-1","from_email":"a@example.com"}""",
        ["aws_ses"] = """{"provider_type":"aws_ses","aws_region":"eu-west-1","aws_access_key":"k","aws_secret_key":"s","from_email":"a@example.com"}""",
    };

    private readonly RecordingConnector _connector = new();
    private readonly FakeNames _names = FakeNames.OfTricks();
    private readonly ServiceHost _service;

    public OutboundApiTests() => _service = ServiceHost.Start(services: services =>
    {
        // As on the internet, while this test calls without a credential.
        services.AddSingleton(OutboundRules.Public).AddSingleton(new ConfigRules(false, false, OutboundRules.Public));
        services.AddSingleton<IHostResolver>(_names).AddSingleton<ISocketConnector>(_connector);
    });

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_host_that_is_written_so_is_refused_by_its_field_wherever_it_stands()
    {
        foreach (var host in AddressTricks.Hosts)
        {
            var server = new JsonObject { ["provider_type"] = "smtp", ["smtp_host"] = host, ["from_email"] = "a@example.com" };
            await AssertRefusedAsync(server, "smtp_host");
        }

        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task An_endpoint_that_is_written_so_is_refused_by_its_field_wherever_it_stands()
    {
        foreach (var endpoint in AddressTricks.Endpoints)
        {
            await AssertRefusedAsync(new() { ["provider_type"] = "mailgun", ["api_key"] = "key-1", ["api_endpoint"] = endpoint, ["from_email"] = "a@example.com" }, "api_endpoint");
            await AssertRefusedAsync(Tokens(endpoint), "smtp_oauth_token_url");
        }

        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task A_port_that_mail_does_not_go_to_is_refused_by_its_field()
    {
        foreach (var port in new[] { 1, 22, 80, 443, 2375, 6379, 65_535 })
            await AssertRefusedAsync(new() { ["provider_type"] = "smtp", ["smtp_host"] = "mail.example.com", ["smtp_port"] = port, ["from_email"] = "a@example.com" }, "smtp_port");
        foreach (var port in new[] { 25, 465, 587, 2465, 2525, 2587 })
            await _service.Client.ConfigureAsync("acme", $$"""{"provider_type":"smtp","smtp_host":"mail.example.com","smtp_port":{{port}},"from_email":"a@example.com"}""");
    }

    [Theory]
    [InlineData("evil.example/")]
    [InlineData("eu-west-1.evil.example/")]
    [InlineData("eu-west-1#")]
    [InlineData("eu-west-1@evil.example")]
    [InlineData("eu-west-1\n")]
    [InlineData("eu-west-1:25")]
    [InlineData("eu-west-1.")]
    [InlineData("EU-WEST-1")]
    [InlineData("eu_west_1")]
    [InlineData("ｅu-west-1")]
    [InlineData("eu-west")]
    [InlineData("127.0.0.1")]
    [InlineData("..")]
    public async Task A_region_becomes_a_host_and_so_is_a_regions_name_alone(string region)
    {
        await AssertRefusedAsync(new() { ["provider_type"] = "aws_ses", ["aws_region"] = region, ["aws_access_key"] = "k", ["aws_secret_key"] = "s", ["from_email"] = "a@example.com" }, "aws_region");
        await AssertNothingHappenedAsync();
    }

    [Theory]
    [InlineData("eu-west-1")]
    [InlineData("us-gov-west-1")]
    [InlineData("us-iso-east-1")]
    [InlineData("ap-southeast-2")]
    [InlineData("cn-northwest-1")]
    [InlineData("il-central-1")]
    public async Task An_honest_region_is_taken(string region) =>
        await _service.Client.ConfigureAsync("acme", $$"""{"provider_type":"aws_ses","aws_region":"{{region}}","aws_access_key":"k","aws_secret_key":"s","from_email":"a@example.com"}""");

    [Theory]
    [InlineData("..")]
    [InlineData("../v4/domains")]
    [InlineData("mg.example.com/messages?x=")]
    [InlineData("mg.example.com/../other.example")]
    [InlineData("mg.example.com#")]
    [InlineData("mg.example.com%2f..")]
    [InlineData("mg.example.com\\..")]
    [InlineData("mg@example.com")]
    [InlineData("mg.example.com\r\nX-Key: 1")]
    [InlineData("mg..example.com")]
    [InlineData("-mg.example.com")]
    [InlineData("mg_.example.com")]
    [InlineData("mg.example.com.")]
    [InlineData("ｍg.example.com")]
    [InlineData("127.0.0.1")]
    [InlineData("mg")]
    public async Task A_sending_domain_becomes_a_part_of_a_path_and_so_is_a_domain_alone(string domain)
    {
        await AssertRefusedAsync(new() { ["provider_type"] = "mailgun", ["api_key"] = "key-1", ["mailgun_domain"] = domain, ["from_email"] = "a@example.com" }, "mailgun_domain");
        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_is_found_out_by_a_test_mail_saved_or_not_and_by_a_probe()
    {
        foreach (var name in AddressTricks.Names.Keys)
        {
            foreach (var config in new[] { Server(name), $$"""{"provider_type":"sendgrid","api_key":"SG.key","api_endpoint":"https://{{name}}/","from_email":"a@example.com"}""", Tokens($"https://{name}/token").ToJsonString() })
            {
                await _service.Client.ConfigureAsync("acme", config);
                AssertNotCalled(name, await _service.Client.MustAsync(HttpMethod.Post, Path + "/test", """{"to":"you@example.com"}"""));
                AssertNotCalled(name, await _service.Client.MustAsync(HttpMethod.Post, Path + "/test", $$"""{"to":"you@example.com","test_config":{{config}}}"""));
                var check = (await _service.GetAsync(Path + "/health"))["checks"]![0]!;
                Assert.Equal((false, "unhealthy"), (check["healthy"]!.GetValue<bool>(), check["status"]!.GetValue<string>()));
                Assert.Contains(name, check["error"]!.GetValue<string>(), StringComparison.Ordinal);
            }
        }

        Assert.Empty(_connector.Called);
    }

    [Fact]
    public async Task Mail_for_a_name_that_leads_elsewhere_is_held_and_goes_out_once_the_configuration_is_mended()
    {
        await using var sink = SmtpSink.Start();
        _connector.Route = _ => sink.Port;
        _names.Add("mail.example.com", "8.8.8.8");
        await _service.Client.ConfigureAsync("acme", Server("metadata.example.com"));

        var id = await _service.AcceptAsync(Mail);
        var held = await _service.WaitForAsync(id, "deferred");
        Assert.Equal("configuration", held["reason"]!.GetValue<string>());
        Assert.Empty(_connector.Called);

        await _service.Client.MustAsync(HttpMethod.Put, Path, """{"smtp_host":"mail.example.com"}""");
        await _service.WaitForAsync(id, "sent");
        Assert.Equal(["8.8.8.8:587"], _connector.Called);
        Assert.Single(sink.Messages);
    }

    [Fact]
    public async Task A_fallback_is_guarded_alike_and_takes_over_for_a_provider_that_is_not_called()
    {
        await _service.Client.ConfigureAsync("acme", $$"""
            {"provider_type":"smtp","smtp_host":"private10.example.com","from_email":"a@example.com",
             "fallback":{"provider_type":"sendgrid","api_key":"SG.key","api_endpoint":"https://azure.example.com"},"fallback_to_system":true}
            """);

        var message = await _service.WaitForAsync(await _service.AcceptAsync(Mail), "sent");

        Assert.Equal("file", message["provider"]!.GetValue<string>());
        Assert.Equal(["private10.example.com", "azure.example.com"], _names.Asked);
        Assert.Empty(_connector.Called);
    }

    private static string Server(string host) => $$"""{"provider_type":"smtp","smtp_host":"{{host}}","smtp_use_tls":false,"from_email":"a@example.com"}""";

    private static JsonObject Tokens(string url) => new()
    {
        ["provider_type"] = "smtp",
        ["smtp_host"] = "mail.example.com",
        ["smtp_username"] = "u",
        ["smtp_oauth_token_url"] = url,
        ["smtp_oauth_client_id"] = "c",
        ["smtp_oauth_client_secret"] = "s",
        ["from_email"] = "a@example.com",
    };

    private static void AssertNotCalled(string name, JsonNode? answer)
    {
        Assert.Equal((false, "config"), (answer!["success"]!.GetValue<bool>(), answer["error_code"]!.GetValue<string>()));
        Assert.StartsWith($"The host {name} must not lead to", answer["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.All(AddressTricks.Names[name], address => Assert.DoesNotContain(address, answer.ToJsonString(), StringComparison.Ordinal));
    }

    // As the provider, as the fallback, and in a test; by POST and by PUT.
    private async Task AssertRefusedAsync(JsonObject provider, string field)
    {
        var fallback = new JsonObject { ["provider_type"] = "file", ["fallback"] = provider.DeepClone() };
        var test = new JsonObject { ["to"] = "you@example.com", ["test_config"] = provider.DeepClone() };
        await AssertRefusedAsync(HttpMethod.Post, Path, provider, field);
        await AssertRefusedAsync(HttpMethod.Post, Path, fallback, "fallback." + field);
        await AssertRefusedAsync(HttpMethod.Post, Path + "/test", test, "test_config." + field);
        var (type, value) = (provider["provider_type"]!.GetValue<string>(), provider[field]!.DeepClone());
        await _service.Client.ConfigureAsync("other", Honest[type]);
        await AssertRefusedAsync(HttpMethod.Put, "/api/v1/email/configs/other", new JsonObject { [field] = value }, field);
    }

    private async Task AssertRefusedAsync(HttpMethod method, string path, JsonObject body, string field)
    {
        using var answer = await _service.SendAsync(method, path, body.ToJsonString());
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.BadRequest && JsonNode.Parse(text)!["errors"]!.AsObject().ContainsKey(field), $"{body.ToJsonString()}: {answer.StatusCode} {text}");
    }

    private async Task AssertNothingHappenedAsync()
    {
        using var none = await _service.Client.GetAsync(new Uri(Path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        Assert.Empty(_names.Asked);
        Assert.Empty(_connector.Called);
    }
}
