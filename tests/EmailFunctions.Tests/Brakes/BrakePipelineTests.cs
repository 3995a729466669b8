using System.Globalization;
using System.Net;
using EmailFunctions.ApiKeys;
using EmailFunctions.Tests.Access;

namespace EmailFunctions.Tests.Brakes;

/// <summary>What becomes of those who ask too much, and of the others.</summary>
public sealed class BrakePipelineTests
{
    private const string Config = "/api/v1/email/configs/acme";
    private const string Providers = "/api/v1/email/providers";

    [Fact]
    public async Task A_credential_that_asks_too_much_is_told_to_wait_and_others_are_not()
    {
        await using var bench = await AccessBench.StartAsync(settings: ("EMAIL_BRAKE_CALLER_PER_MINUTE", "1"));
        var (acme, other) = (bench.TokenOf("acme"), bench.TokenOf("other"));

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(acme, Providers)).Status);
        AssertBraked(await bench.GetAsync(acme, Providers), 60);
        AssertBraked(await bench.SendAsync(acme, "acme"), 60);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(other, Providers)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(acme, "/health")).Status);
    }

    [Fact]
    public async Task What_is_open_to_anybody_is_braked_by_address_but_for_health()
    {
        await using var bench = await AccessBench.StartAsync(settings: ("EMAIL_BRAKE_OPEN_PER_MINUTE", "1"));

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(null, "/docs/index.html")).Status);
        AssertBraked(await bench.GetAsync(null, "/docs/index.html"), 60);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(null, "/health")).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Providers)).Status);
    }

    [Fact]
    public async Task Whoever_has_no_good_credential_is_slowed_down_and_made_up_keys_are_looked_up_no_more()
    {
        await using var bench = await AccessBench.StartAsync(settings: ("EMAIL_BRAKE_FAILED_PER_MINUTE", "1"));
        (await bench.GetAsync(MadeUpKey(), Providers)).AssertUnauthenticated();
        var reads = bench.Table.Reads;

        foreach (var credential in new[] { null, "nonsense", bench.AdminToken(static token => token.Audience = "api://other"), MadeUpKey(), MadeUpKey() })
            AssertBraked(await bench.GetAsync(credential, Providers), 60);
        Assert.Equal(reads, bench.Table.Reads);
    }

    [Fact]
    public async Task Nobody_is_kept_out_by_the_bad_credentials_of_another()
    {
        await using var bench = await AccessBench.StartAsync(settings: ("EMAIL_BRAKE_FAILED_PER_MINUTE", "1"));
        var key = await NewKeyAsync(bench);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(key, Providers)).Status);
        // The id is no secret; another secret with it says nothing about the key.
        for (var call = 0; call < 5; call++)
            await bench.GetAsync(ApiKeyToken.New(key[4..28]), Providers);
        AssertBraked(await bench.GetAsync(MadeUpKey(), Providers), 60);

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(key, Providers)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Providers)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(null, "/health")).Status);
    }

    [Fact]
    public async Task A_key_that_was_revoked_is_braked_like_one_that_nobody_made()
    {
        await using var bench = await AccessBench.StartAsync(settings: ("EMAIL_BRAKE_FAILED_PER_MINUTE", "1"));
        var key = await NewKeyAsync(bench);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(key, Providers)).Status);
        await bench.CallAsync(bench.AdminToken(), HttpMethod.Delete, $"{Config}/api-keys/{key[4..28]}");

        (await bench.GetAsync(key, Providers)).AssertUnauthenticated();
        AssertBraked(await bench.GetAsync(key, Providers), 60);
    }

    [Fact]
    public async Task Test_mails_of_a_tenant_are_counted_and_what_others_may_not_ask_is_not()
    {
        await using var bench = await AccessBench.StartAsync(settings: ("EMAIL_BRAKE_TEST_SENDS_PER_HOUR", "2"));
        var (acme, other) = (bench.TokenOf("acme"), bench.TokenOf("other"));
        foreach (var tenant in new[] { "acme", "other" })
            await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, $"/api/v1/email/configs/{tenant}", """{"provider_type":"file","from_email":"a@acme.example"}""");

        for (var call = 0; call < 3; call++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await TestAsync(bench, other, "acme")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await bench.CallAsync(acme, HttpMethod.Post, Config + "/test", """{"to":"nobody"}""")).Status);
        }

        for (var call = 0; call < 2; call++)
            Assert.Equal(HttpStatusCode.OK, (await TestAsync(bench, acme, "acme")).Status);
        AssertBraked(await TestAsync(bench, acme, "acme"), 1_800);
        Assert.Equal(HttpStatusCode.OK, (await TestAsync(bench, other, "other")).Status);
    }

    [Fact]
    public async Task Without_authentication_nobody_is_braked()
    {
        string[] brakes = ["EMAIL_BRAKE_CALLER_PER_MINUTE", "EMAIL_BRAKE_OPEN_PER_MINUTE", "EMAIL_BRAKE_FAILED_PER_MINUTE", "EMAIL_BRAKE_TEST_SENDS_PER_HOUR"];
        await using var service = Support.ServiceHost.Start(brakes.ToDictionary(static name => name, static _ => "1"));

        for (var call = 0; call < 5; call++)
        {
            await service.GetAsync(Providers);
            using var test = await service.SendAsync(HttpMethod.Post, Config + "/test", """{"to":"zoe@example.com","use_tenant_config":false}""");
            Assert.Equal(HttpStatusCode.OK, test.StatusCode);
        }
    }

    [Theory]
    [InlineData("/api/v1/email/send")]
    [InlineData("/api/v1/email/send/batch")]
    public async Task A_body_is_no_larger_than_the_deployment_wants(string path)
    {
        await using var service = Support.ServiceHost.Start(new Dictionary<string, string> { ["EMAIL_MAX_BODY_BYTES"] = "300000" });

        using var answer = await service.SendAsync(HttpMethod.Post, path, "{\"subject\":\"" + new string('x', 300_000) + "\"}");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("300000 bytes", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static string MadeUpKey() => ApiKeyToken.New(ApiKeyToken.NewId(tenant: null));

    private static async Task<string> NewKeyAsync(AccessBench bench) =>
        (await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, Config + "/api-keys", """{"name":"test","scopes":["read"]}""")).Json["key"]!.GetValue<string>();

    private static Task<Answer> TestAsync(AccessBench bench, string token, string tenant) =>
        bench.CallAsync(token, HttpMethod.Post, $"/api/v1/email/configs/{tenant}/test", """{"to":"zoe@example.com"}""");

    // A little of the time may have passed.
    private static void AssertBraked(Answer answer, int seconds)
    {
        Assert.Equal((HttpStatusCode.TooManyRequests, "urn:email-functions:problem:too-many-requests"), (answer.Status, answer.Json["type"]!.GetValue<string>()));
        Assert.Contains("application/problem+json", answer.Headers, StringComparison.Ordinal);
        var line = Assert.Single(answer.Headers.Split('\n'), static header => header.StartsWith("Retry-After:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(line["Retry-After:".Length..].Trim(), CultureInfo.InvariantCulture), 1, seconds);
    }
}
