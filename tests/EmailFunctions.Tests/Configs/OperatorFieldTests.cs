using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Access;

namespace EmailFunctions.Tests.Configs;

/// <summary>A bound that whoever runs the service sets for a tenant holds against the tenant.</summary>
public sealed class OperatorFieldTests
{
    private const string Path = "/api/v1/email/configs/acme";
    private const string Plain = """{"provider_type":"file","from_email":"a@acme.example"}""";
    private const string Bounded = """{"provider_type":"file","from_email":"a@acme.example","allowed_from_domains":["acme.example"]}""";
    private const string Wider = """{"provider_type":"file","from_email":"a@acme.example","allowed_from_domains":["acme.example","bank.example"]}""";

    [Theory]
    [InlineData("POST", Wider)]
    [InlineData("PUT", """{"allowed_from_domains":["acme.example","bank.example"]}""")]
    [InlineData("PUT", """{"allowed_from_domains":["acme.example","acme.example"]}""")]
    [InlineData("PUT", """{"allowed_from_domains":null}""")]
    [InlineData("DELETE", null)]
    public async Task A_tenant_can_neither_change_nor_remove_it(string method, string? json)
    {
        await using var bench = await AccessBench.StartAsync();
        Assert.Equal(HttpStatusCode.Created, (await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, Path, Bounded)).Status);

        var answer = await bench.CallAsync(bench.TokenOf("acme"), new HttpMethod(method), Path, json);

        AssertForOperators(answer, "allowed_from_domains");
        Assert.Equal("""["acme.example"]""", await DomainsAsync(bench));
    }

    [Fact]
    public async Task What_a_tenant_leaves_out_of_a_replacement_stays()
    {
        await using var bench = await AccessBench.StartAsync();
        await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, Path, Bounded);
        var token = bench.TokenOf("acme");

        Assert.Equal(HttpStatusCode.OK, (await bench.CallAsync(token, HttpMethod.Post, Path, Plain)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.CallAsync(token, HttpMethod.Post, Path, Bounded)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.CallAsync(token, HttpMethod.Put, Path, """{"from_name":"Acme","allowed_from_domains":["acme.example"]}""")).Status);
        Assert.Equal("""["acme.example"]""", await DomainsAsync(bench));

        var outside = await bench.CallAsync(token, HttpMethod.Post, Path, Plain.Replace("acme.example", "bank.example", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.BadRequest, true), (outside.Status, outside.Json["errors"]!["from_email"] is not null));
    }

    [Fact]
    public async Task A_tenant_without_a_bound_cannot_make_one_and_does_all_else()
    {
        await using var bench = await AccessBench.StartAsync();
        var token = bench.TokenOf("acme");

        AssertForOperators(await bench.CallAsync(token, HttpMethod.Post, Path, Bounded), "allowed_from_domains");
        Assert.Equal(HttpStatusCode.Created, (await bench.CallAsync(token, HttpMethod.Post, Path, Plain)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.CallAsync(token, HttpMethod.Put, Path, """{"max_recipients_per_message":5,"max_message_bytes":1000}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await bench.CallAsync(token, HttpMethod.Delete, Path)).Status);
    }

    [Fact]
    public async Task An_admin_widens_it_and_a_replacement_without_it_ends_it()
    {
        await using var bench = await AccessBench.StartAsync();
        foreach (var (json, domains) in new[] { (Bounded, """["acme.example"]"""), (Wider, """["acme.example","bank.example"]"""), (Plain, "null") })
        {
            await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, Path, json);
            Assert.Equal(domains, await DomainsAsync(bench));
        }
    }

    [Fact]
    public async Task A_configuration_that_is_only_tried_is_bound_by_it_too()
    {
        await using var bench = await AccessBench.StartAsync();
        await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, Path, Bounded);
        var token = bench.TokenOf("acme");

        var outside = await TestAsync(bench, token, Plain.Replace("acme.example", "bank.example", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.BadRequest, true), (outside.Status, outside.Json["errors"]!["test_config.from_email"] is not null));
        AssertForOperators(await TestAsync(bench, token, Wider), "test_config.allowed_from_domains");
        Assert.Equal(HttpStatusCode.OK, (await TestAsync(bench, token, Plain)).Status);
    }

    private static Task<Answer> TestAsync(AccessBench bench, string token, string config) =>
        bench.CallAsync(token, HttpMethod.Post, Path + "/test", $$"""{"to":"zoe@example.com","test_config":{{config}}}""");

    private static void AssertForOperators(Answer answer, string field)
    {
        Assert.Equal((HttpStatusCode.Forbidden, "urn:email-functions:problem:for-operators"), (answer.Status, answer.Json["type"]!.GetValue<string>()));
        Assert.Equal([field], answer.Json["errors"]!.AsObject().Select(static error => error.Key));
    }

    private static async Task<string> DomainsAsync(AccessBench bench) =>
        ((await bench.GetAsync(bench.AdminToken(), Path)).Json["allowed_from_domains"] as JsonArray)?.ToJsonString() ?? "null";
}
