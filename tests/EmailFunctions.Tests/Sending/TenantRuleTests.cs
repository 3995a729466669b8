using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Ingest;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Sending;

/// <summary>What a tenant's configuration and the deployment say about the messages that are accepted, whichever way they come.</summary>
public sealed class TenantRuleTests
{
    private const string Message = """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""";

    [Theory]
    [InlineData("a@acme.example", true)]
    [InlineData("a@ACME.example", true)]
    [InlineData("a@news.acme.example", true)]
    [InlineData("a@acme.example.evil.example", false)]
    [InlineData("ceo@bank.example", false)]
    public async Task A_tenant_sends_from_its_domains_by_http_in_a_batch_and_from_a_queue(string sender, bool isAccepted)
    {
        await using var bench = await BoundedAsync();
        var message = With("from_email", sender);

        Assert.Equal(isAccepted, await SendAsync(bench, message) is null);
        Assert.Equal(isAccepted, await BatchAsync(bench, message) is null);
        Assert.Equal(isAccepted, await ProduceAsync(bench, message) is null);
    }

    [Fact]
    public async Task A_refusal_names_the_field_and_the_setting_that_decides()
    {
        await using var bench = await BoundedAsync();
        var message = With("from_email", "ceo@bank.example");

        Assert.Contains("allowed_from_domains", (await SendAsync(bench, message))!["from_email"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("allowed_from_domains", (await BatchAsync(bench, message))!["from_email"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        var parked = await ProduceAsync(bench, message);
        Assert.Contains("from_email must be", parked, StringComparison.Ordinal);
        Assert.Contains("allowed_from_domains", parked, StringComparison.Ordinal);
        Assert.DoesNotContain("bank.example", parked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"provider_type":"smtp","smtp_host":"mail.example.com","from_email":"a@acme.example","is_active":false}""")]
    [InlineData("""{"provider_type":"smtp","smtp_host":"mail.example.com","from_email":"a@acme.example","is_active":false,"allowed_from_domains":["acme.example"]}""")]
    [InlineData(null)]
    public async Task Through_the_system_default_only_the_deployments_domain_may_be_the_sender(string? config)
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_FROM_EMAIL"] = "no-reply@system.example" });
        if (config is not null)
            await bench.Client.ConfigureAsync("acme", config);

        Assert.Null(await SendAsync(bench, Message));
        Assert.Null(await SendAsync(bench, With("from_email", "shop@system.example")));
        foreach (var message in new[] { With("from_email", "a@acme.example"), With("from_email", "a@sub.system.example") })
        {
            Assert.Contains("EMAIL_FROM_EMAIL", (await SendAsync(bench, message))!["from_email"]![0]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.NotNull(await BatchAsync(bench, message));
            Assert.NotNull(await ProduceAsync(bench, message));
        }
    }

    [Fact]
    public async Task A_provider_of_its_own_sends_from_any_domain_where_nothing_else_is_said()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_FROM_EMAIL"] = "no-reply@system.example" });
        await bench.RouteAsync();

        Assert.Null(await SendAsync(bench, With("from_email", "a@any.example")));
    }

    [Fact]
    public async Task A_provider_that_takes_the_systems_sender_does_not_get_past_the_tenants_domains()
    {
        await using var bench = new DeliveryBench();
        await bench.Client.ConfigureAsync("acme", """{"provider_type":"file","allowed_from_domains":["acme.example"]}""");

        Assert.NotNull((await SendAsync(bench, Message))!["from_email"]);
        using var test = await bench.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/configs/acme/test", """{"to":"zoe@example.com"}""");
        Assert.Equal((HttpStatusCode.BadRequest, true), (test.StatusCode, (await ReadAsync(test))["errors"]!["from_email"] is not null));
        Assert.Empty(bench.Provider.Given);
    }

    [Theory]
    [InlineData("From")]
    [InlineData("fRoM")]
    [InlineData("Sender")]
    [InlineData("Reply-To")]
    [InlineData("Return-Path")]
    [InlineData("Resent-From")]
    [InlineData("resent-sender")]
    [InlineData("X-SES-SOURCE-ARN")]
    [InlineData("X-SG-EID")]
    [InlineData("X-Mailgun-Native-Send")]
    public async Task No_header_field_names_another_sender(string name)
    {
        await using var bench = await BoundedAsync();
        var message = JsonNode.Parse(Message)!;
        message["headers"] = new JsonObject { [name] = "ceo@bank.example" };

        Assert.NotNull((await SendAsync(bench, message.ToJsonString()))!["headers." + name]);
        Assert.NotNull(await ProduceAsync(bench, message.ToJsonString()));
    }

    [Fact]
    public async Task A_message_has_no_more_recipients_than_its_tenant_wants()
    {
        await using var bench = await BoundedAsync(""","max_recipients_per_message":3""");
        var fits = """{"tenant_id":"acme","to":["a@example.com"],"cc":["b@example.com"],"bcc":["c@example.com"],"subject":"Hello","body":"Hi"}""";
        var over = fits.Replace("\"c@example.com\"", "\"c@example.com\",\"d@example.com\"", StringComparison.Ordinal);

        Assert.Null(await SendAsync(bench, fits));
        Assert.Contains("at most 3 addresses, by the tenant's max_recipients_per_message", (await SendAsync(bench, over))!["to"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.NotNull((await BatchAsync(bench, over))!["to"]);
        Assert.Contains("max_recipients_per_message", await ProduceAsync(bench, over), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_is_no_larger_than_its_tenant_wants_with_its_files_decoded()
    {
        await using var bench = await BoundedAsync(""","max_message_bytes":2000""");
        // But for subject, body and the file's name.
        const int Room = 2_000 - 8;

        Assert.Null(await SendAsync(bench, MessageWithFile(Room)));
        Assert.Contains("at most 2000 bytes", (await SendAsync(bench, MessageWithFile(Room + 1)))!["$"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.NotNull((await BatchAsync(bench, MessageWithFile(Room + 1)))!["$"]);
        Assert.Contains("max_message_bytes", await ProduceAsync(bench, MessageWithFile(Room + 1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_accepted_before_the_rule_is_answered_again_and_parked_no_more_than_sent_twice()
    {
        await using var bench = new DeliveryBench();
        await bench.Client.ConfigureAsync("acme", """{"provider_type":"file","from_email":"a@acme.example"}""");
        var message = JsonNode.Parse(With("from_email", "a@other.example"))!;
        message["idempotency_key"] = "once";
        Assert.Null(await SendAsync(bench, message.ToJsonString()));
        Assert.Null(await ProduceAsync(bench, With("from_email", "a@other.example")));
        await bench.Client.ConfigureAsync("acme", """{"provider_type":"file","from_email":"a@acme.example","allowed_from_domains":["acme.example"]}""");

        Assert.Null(await SendAsync(bench, message.ToJsonString()));
        Assert.Null(await BatchAsync(bench, message.ToJsonString()));
        Assert.Null(await ProduceAsync(bench, With("from_email", "a@other.example")));
        Assert.Equal(2, (await bench.RowsAsync("msg-")).Count);
    }

    private static async Task<DeliveryBench> BoundedAsync(string more = "")
    {
        var bench = new DeliveryBench();
        await bench.Client.ConfigureAsync("acme", $$"""{"provider_type":"file","from_email":"a@acme.example","allowed_from_domains":["acme.example","*.acme.example"]{{more}}}""");
        return bench;
    }

    private static string With(string field, string value)
    {
        var message = JsonNode.Parse(Message)!;
        message[field] = value;
        return message.ToJsonString();
    }

    private static string MessageWithFile(int bytes) =>
        $$"""{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi","attachments":[{"filename":"a","content_type":"text/plain","content":"{{Convert.ToBase64String(new byte[bytes])}}"}]}""";

    // Null: it was accepted. Else what is wrong.
    private static async Task<JsonNode?> SendAsync(DeliveryBench bench, string message)
    {
        using var answer = await bench.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", message);
        if (answer.StatusCode == HttpStatusCode.Accepted)
            return null;
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return (await ReadAsync(answer))["errors"]!;
    }

    private static async Task<JsonNode?> BatchAsync(DeliveryBench bench, string message)
    {
        var answer = await bench.Client.MustAsync(HttpMethod.Post, "/api/v1/email/send/batch", $$"""{"messages":[{{message}}]}""");
        return answer!["results"]![0]!["error"]?["errors"]!;
    }

    // Null: it was accepted. Else why it was parked.
    private static async Task<string?> ProduceAsync(DeliveryBench bench, string message)
    {
        var name = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(message)))[..32];
        await bench.Get<IngestFunction>().RunAsync(new Delivered(Encoding.UTF8.GetBytes(message), name, null), TestContext.Current.CancellationToken);
        var letters = (await bench.Client.MustAsync(HttpMethod.Get, "/api/v1/admin/email/dead-letters", ""))!["dead_letters"]!.AsArray();
        return letters.LastOrDefault()?["provider_answer"]!.GetValue<string>();
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage answer) =>
        JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject();
}
