using System.Net;
using System.Text.Json.Nodes;

namespace EmailFunctions.Tests.Access;

/// <summary>What a token lets its bearer see and do.</summary>
public sealed class TenantAccessTests
{
    private const string Config = """{"provider_type":"file","from_email":"hello@example.com"}""";

    private static readonly (HttpMethod Method, string Path, string? Json)[] OfTenant =
    [
        (HttpMethod.Get, "", null), (HttpMethod.Post, "", Config), (HttpMethod.Put, "", Config), (HttpMethod.Delete, "", null),
        (HttpMethod.Post, "/test", """{"to_email":"you@example.com"}"""), (HttpMethod.Get, "/health", null), (HttpMethod.Get, "/usage", null), (HttpMethod.Get, "/audit-logs", null),
    ];

    private static readonly (HttpMethod Method, string Path)[] OfAdmins =
    [
        (HttpMethod.Get, "usage"), (HttpMethod.Get, "usage?days=nonsense"), (HttpMethod.Get, "overview"),
        (HttpMethod.Get, "dead-letters"), (HttpMethod.Get, "dead-letters?tenant_id=acme"), (HttpMethod.Post, "dead-letters/replay"),
        (HttpMethod.Post, "dead-letters/acme~00000000000000000000000000000000/replay"), (HttpMethod.Delete, "dead-letters/acme~00000000000000000000000000000000"),
        (HttpMethod.Post, "messages/acme~00000000000000000000000000000000/release"),
    ];

    [Fact]
    public async Task A_tenant_does_all_of_its_own()
    {
        await using var bench = await AccessBench.StartAsync();
        var token = bench.TokenOf("acme");

        Assert.Equal(HttpStatusCode.Created, (await bench.CallAsync(token, HttpMethod.Post, "/api/v1/email/configs/acme", Config)).Status);
        foreach (var path in new[] { "", "/health", "/usage", "/audit-logs" })
            Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(token, $"/api/v1/email/configs/acme{path}")).Status);
        var sent = await bench.SendAsync(token, "acme");
        Assert.Equal(HttpStatusCode.Accepted, sent.Status);
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(token, $"/api/v1/email/messages/{IdOf(sent)}")).Status);
    }

    [Fact]
    public async Task Mail_that_names_no_tenant_is_the_callers_own()
    {
        await using var bench = await AccessBench.StartAsync();

        var tenants = (await bench.SendAsync(bench.TokenOf("acme"), tenant: null)).Json["tenant_id"]!.GetValue<string>();
        var admins = (await bench.SendAsync(bench.AdminToken(), tenant: null)).Json["tenant_id"]!.GetValue<string>();

        Assert.Equal(("acme", "system"), (tenants, admins));
    }

    [Fact]
    public async Task Of_another_tenant_it_learns_nothing_not_even_whether_there_is_one()
    {
        await using var bench = await AccessBench.StartAsync();
        var admin = bench.AdminToken();
        await bench.CallAsync(admin, HttpMethod.Post, "/api/v1/email/configs/real", Config);
        var message = IdOf(await bench.SendAsync(admin, "real"));
        var token = bench.TokenOf("acme");
        var answers = new List<Answer>();
        await WithoutReadsAsync(bench, async () =>
        {
            foreach (var tenant in new[] { "real", "made-up", "system" })
            {
                foreach (var (method, path, json) in OfTenant.Where(call => tenant != "system" || call.Path is "/usage" or "/audit-logs" or "/health"))
                    answers.Add(await bench.CallAsync(token, method, $"/api/v1/email/configs/{tenant}{path}", json));
                answers.Add(await bench.SendAsync(token, tenant));
                answers.Add(await bench.GetAsync(token, $"/api/v1/email/messages/producers-name?tenant_id={tenant}"));
            }

            foreach (var id in new[] { message, message[..^4] + "0000", "made-up~" + message.Split('~')[1] })
            {
                answers.Add(await bench.GetAsync(token, $"/api/v1/email/messages/{id}"));
                answers.Add(await bench.CallAsync(token, HttpMethod.Delete, $"/api/v1/email/messages/{id}"));
            }
        });

        Assert.All(answers, static answer => Assert.Equal(HttpStatusCode.Forbidden, answer.Status));
        Assert.Single(answers.Select(static answer => answer.BodyWithoutTrace).Distinct());
    }

    [Fact]
    public async Task In_a_batch_only_the_messages_of_its_own_are_taken()
    {
        await using var bench = await AccessBench.StartAsync();

        var answer = await bench.CallAsync(bench.TokenOf("acme"), HttpMethod.Post, "/api/v1/email/send/batch", """
            {"messages":[{"to":["you@example.com"],"subject":"Mine","body":"."},{"tenant_id":"acme","to":["you@example.com"],"subject":"Mine","body":"."},
             {"tenant_id":"other","to":["you@example.com"],"subject":"Another's","body":"."}]}
            """);

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal([true, true, false], answer.Json["results"]!.AsArray().Select(static result => result!["message_id"] is not null));
        Assert.Equal(403, answer.Json["results"]![2]!["error"]!["status"]!.GetValue<int>());
    }

    [Fact]
    public async Task What_is_for_admins_is_for_nobody_else()
    {
        await using var bench = await AccessBench.StartAsync();

        await WithoutReadsAsync(bench, async () =>
        {
            foreach (var (method, path) in OfAdmins)
                Assert.Equal(HttpStatusCode.Forbidden, (await bench.CallAsync(bench.TokenOf("acme"), method, $"/api/v1/admin/email/{path}", method == HttpMethod.Post ? "{}" : null)).Status);
        });

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.AdminToken(), "/api/v1/admin/email/dead-letters")).Status);
    }

    [Fact]
    public async Task An_admin_sees_and_sends_for_all()
    {
        await using var bench = await AccessBench.StartAsync();
        var admin = bench.AdminToken();

        foreach (var tenant in new[] { "acme", "other" })
        {
            var sent = await bench.SendAsync(admin, tenant);
            Assert.Equal(HttpStatusCode.Accepted, sent.Status);
            Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(admin, $"/api/v1/email/messages/{IdOf(sent)}")).Status);
            Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(admin, $"/api/v1/email/configs/{tenant}/usage")).Status);
        }
    }

    /// <summary>Claims that make a caller of no tenant, each as JSON.</summary>
    public static TheoryData<string> Nobodies => ["{}", """{"tenant_id":""}""", """{"tenant_id":"no name"}""", """{"tenant_id":"../acme"}""", """{"tenant_id":"system"}""", """{"tenant_id":["acme","other"]}""", """{"tenant_id":{"acme":1}}""", """{"tid":"acme","sub":"acme"}""", """{"roles":["Admin","administrator"]}""", """{"role":"admin","scp":"admin"}"""];

    [Theory]
    [MemberData(nameof(Nobodies))]
    public async Task A_caller_of_no_tenant_who_is_no_admin_may_do_nothing(string claims)
    {
        await using var bench = await AccessBench.StartAsync();
        var token = bench.Issuer.Issue(AccessBench.Audience, JsonNode.Parse(claims)!.AsObject().ToDictionary(static claim => claim.Key, static claim => ToObject(claim.Value!)));

        await WithoutReadsAsync(bench, async () =>
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await bench.SendAsync(token, tenant: null)).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await bench.GetAsync(token, "/api/v1/email/messages/producers-name")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await bench.GetAsync(token, "/api/v1/admin/email/dead-letters")).Status);
            foreach (var tenant in new[] { "acme", "system" })
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await bench.SendAsync(token, tenant)).Status);
                Assert.Equal(HttpStatusCode.Forbidden, (await bench.GetAsync(token, $"/api/v1/email/configs/{tenant}/usage")).Status);
            }
        });
    }

    [Fact]
    public async Task Tenant_claim_and_admin_role_have_the_names_that_the_settings_say()
    {
        await using var bench = await AccessBench.StartAsync(null, ("EMAIL_AUTH_TENANT_CLAIM", "https://example.com/customer"), ("EMAIL_AUTH_ADMIN_ROLE", "Mail.Operator"));
        var tenant = Token("https://example.com/customer", "acme");
        var admin = Token("roles", new[] { "Mail.Operator" });

        Assert.Equal(HttpStatusCode.OK, await UsageAsync(tenant, "acme"));
        Assert.Equal(HttpStatusCode.Forbidden, await UsageAsync(tenant, "other"));
        Assert.Equal(HttpStatusCode.OK, await UsageAsync(admin, "acme"));
        Assert.Equal(HttpStatusCode.OK, await UsageAsync(admin, "other"));
        // The usual names say nothing then.
        Assert.Equal(HttpStatusCode.Forbidden, await UsageAsync(Token("tenant_id", "acme"), "acme"));
        Assert.Equal(HttpStatusCode.Forbidden, await UsageAsync(Token("roles", "admin"), "acme"));

        string Token(string claim, object value) => bench.Issuer.Issue(AccessBench.Audience, new() { [claim] = value });
        async Task<HttpStatusCode> UsageAsync(string token, string name) => (await bench.GetAsync(token, $"/api/v1/email/configs/{name}/usage")).Status;
    }

    private static string IdOf(Answer sent) => sent.Json["message_id"]!.GetValue<string>();

    private static object ToObject(JsonNode value) => value switch
    {
        JsonArray array => array.Select(static item => item!.GetValue<string>()).ToArray(),
        JsonObject map => map.ToDictionary(static pair => pair.Key, static pair => (object)pair.Value!.GetValue<int>()),
        _ => value.GetValue<string>(),
    };

    private static async Task WithoutReadsAsync(AccessBench bench, Func<Task> act)
    {
        var (reads, writes) = (bench.Table.Reads, bench.Table.Writes);
        await act();
        Assert.Equal((reads, writes), (bench.Table.Reads, bench.Table.Writes));
    }
}
