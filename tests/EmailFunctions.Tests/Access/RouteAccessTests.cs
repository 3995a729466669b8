using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Access;
using EmailFunctions.ApiKeys;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace EmailFunctions.Tests.Access;

/// <summary>Who gets through which route: one table, which a new route must enter.</summary>
public sealed class RouteAccessTests
{
    private const string Tenant = "/api/v1/email/configs/{tenant_id}";
    private const string Admin = "/api/v1/admin/email";
    private const string Own = "acme";
    private const string Foreign = "other";

    private static readonly Dictionary<string, Rule> Table = new()
    {
        // Nothing of tenants is in them.
        ["GET /health"] = Rule.Open,
        ["GET /api/v1/health"] = Rule.Open,
        ["GET /openapi/v1.json"] = Rule.Open,
        ["GET /docs/{*asset}"] = Rule.Open,
        ["HEAD /docs/{*asset}"] = Rule.Open,
        ["GET /redoc/{*asset}"] = Rule.Open,
        ["HEAD /redoc/{*asset}"] = Rule.Open,
        ["GET /dashboard/{*asset}"] = Rule.Open,
        ["HEAD /dashboard/{*asset}"] = Rule.Open,
        ["GET /dashboard/sign-in.json"] = Rule.Open,
        ["GET /api/v1/email/schemas/email-in"] = Rule.Open,

        ["GET /api/v1/email/providers"] = new(Scopes.Read, Reach.Anybody),
        ["POST /api/v1/email/send"] = new(Scopes.Send, Reach.Tenant),
        ["POST /api/v1/email/send/batch"] = new(Scopes.Send, Reach.Batch),
        ["GET /api/v1/email/messages/{message_id}"] = new(Scopes.Read, Reach.Tenant),
        ["DELETE /api/v1/email/messages/{message_id}"] = new(Scopes.Send, Reach.Tenant),
        [$"POST {Tenant}"] = new(Scopes.Config, Reach.Tenant),
        [$"GET {Tenant}"] = new(Scopes.Read, Reach.Tenant),
        [$"PUT {Tenant}"] = new(Scopes.Config, Reach.Tenant),
        [$"DELETE {Tenant}"] = new(Scopes.Config, Reach.Tenant),
        [$"POST {Tenant}/test"] = new(Scopes.Config, Reach.Tenant),
        [$"GET {Tenant}/health"] = new(Scopes.Read, Reach.Tenant),
        [$"GET {Tenant}/usage"] = new(Scopes.Read, Reach.Tenant),
        [$"GET {Tenant}/audit-logs"] = new(Scopes.Read, Reach.Tenant),
        [$"GET {Tenant}/audit-logs/export"] = new(Scopes.Read, Reach.Tenant),
        [$"DELETE {Tenant}/audit-logs/recipients"] = new(Scopes.Config, Reach.Tenant),
        [$"POST {Tenant}/audit-logs/recipients/erase"] = new(Scopes.Config, Reach.Tenant),
        [$"POST {Tenant}/api-keys"] = new(Scopes.Admin, Reach.Tenant),
        [$"GET {Tenant}/api-keys"] = new(Scopes.Admin, Reach.Tenant),
        [$"DELETE {Tenant}/api-keys/{{key_id}}"] = new(Scopes.Admin, Reach.Tenant),
        [$"GET {Tenant}/activity"] = new(Scopes.Admin, Reach.Tenant),

        [$"GET {Admin}/activity"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/tenants"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/tenants/{{tenant_id}}"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/tenants/{{tenant_id}}/suspend"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/tenants/{{tenant_id}}/resume"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/tenants/{{tenant_id}}/export"] = new(Scopes.Admin, Reach.All),
        [$"DELETE {Admin}/tenants/{{tenant_id}}"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/usage"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/overview"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/health"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/providers/distribution"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/configs"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/configs/invalidate-cache"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/breakers"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/queue"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/budgets"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/dead-letters"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/dead-letters/{{message_id}}/replay"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/dead-letters/replay"] = new(Scopes.Admin, Reach.All),
        [$"DELETE {Admin}/dead-letters/{{message_id}}"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/messages/{{message_id}}/release"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/api-keys"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/api-keys"] = new(Scopes.Admin, Reach.All),
        [$"DELETE {Admin}/api-keys/{{key_id}}"] = new(Scopes.Admin, Reach.All),
        [$"POST {Admin}/encryption/rotate"] = new(Scopes.Admin, Reach.All),
        [$"GET {Admin}/encryption/rotation"] = new(Scopes.Admin, Reach.All),
        ["GET /metrics"] = new(Scopes.Read | Scopes.Admin, Reach.All),
    };

    private static readonly Scopes[] EachScope = [Scopes.Send, Scopes.Read, Scopes.Config, Scopes.Admin];

    private enum Reach
    {
        /// <summary>Whoever has the scope.</summary>
        Anybody,

        /// <summary>The path or the body names a tenant, which must be the caller's own.</summary>
        Tenant,

        /// <summary>Each message of the body names one; those of others are refused, each by itself.</summary>
        Batch,

        /// <summary>Those who may act for all tenants.</summary>
        All,
    }

    [Fact]
    public async Task Every_route_is_in_the_table()
    {
        await using var bench = await AccessBench.StartAsync();

        Assert.Equal(Table.Keys.Order(), RoutesOf(bench).Order());
    }

    [Fact]
    public async Task No_route_answers_without_a_credential_or_with_a_bad_one_unless_it_is_open()
    {
        await using var bench = await AccessBench.StartAsync();
        var credentials = await BadCredentialsAsync(bench);
        await CallAsync(bench, "GET /health", token: null);
        var reads = bench.Table.Reads;

        foreach (var (route, rule) in Table)
        {
            foreach (var (name, credential) in credentials)
            {
                var answer = await CallAsync(bench, route, credential);
                if (rule == Rule.Open)
                    Assert.True(answer.Status == HttpStatusCode.OK, $"{route}, {name}: {answer.Status} {answer.Body}");
                else
                    Assert.True(answer.Status == HttpStatusCode.Unauthorized, $"{route}, {name}: {answer.Status} {answer.Body}");
            }
        }

        // A look at the key of each credential that has a key's form, and at the store by /health.
        Assert.InRange(bench.Table.Reads - reads, 0, 60);
    }

    [Fact]
    public async Task A_route_lets_in_who_has_its_scope_and_nobody_else()
    {
        await using var bench = await AccessBench.StartAsync();
        var keys = new Dictionary<(Scopes Scope, bool ForAll), string>();
        foreach (var scope in EachScope)
        {
            foreach (var forAll in new[] { false, true })
                keys.Add((scope, forAll), await KeyOfAsync(bench, scope, forAll ? null : Own));
        }

        foreach (var (route, rule) in Table.Where(static entry => entry.Value != Rule.Open))
        {
            foreach (var scope in EachScope)
            {
                var forAll = rule.Reach == Reach.All;
                foreach (var credential in new[] { TokenOf(bench, scope, forAll), keys[(scope, forAll)] })
                {
                    var answer = await CallAsync(bench, route, credential);
                    if ((scope & rule.AnyOf) != Scopes.None)
                        Assert.False(answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, $"{route}, {scope}: {answer.Status} {answer.Body}");
                    else
                        AssertMissing(rule.AnyOf, route, answer);
                }
            }
        }
    }

    [Fact]
    public async Task A_route_keeps_out_who_has_every_scope_but_its_own()
    {
        await using var bench = await AccessBench.StartAsync();
        foreach (var (route, rule) in Table.Where(static entry => entry.Value != Rule.Open))
        {
            var others = Scopes.All & ~rule.AnyOf;
            var forAll = rule.Reach == Reach.All;
            foreach (var credential in new[] { TokenOf(bench, others, forAll), await KeyOfAsync(bench, others, forAll ? null : Own) })
                AssertMissing(rule.AnyOf, route, await CallAsync(bench, route, credential));
        }
    }

    [Fact]
    public async Task A_token_without_scopes_has_send_read_and_config_of_its_tenant_and_an_admins_has_all()
    {
        await using var bench = await AccessBench.StartAsync();
        foreach (var (route, rule) in Table.Where(static entry => entry.Value != Rule.Open))
        {
            foreach (var scopes in new[] { null, "openid profile", "email offline_access" })
            {
                var tenant = await CallAsync(bench, route, bench.Issuer.Issue(AccessBench.Audience, Claims(("tenant_id", Own), ("scope", scopes))));
                var admin = await CallAsync(bench, route, bench.Issuer.Issue(AccessBench.Audience, Claims(("roles", "admin"), ("scp", scopes))));
                Assert.True((rule.Reach != Reach.All && rule.AnyOf != Scopes.Admin) == (tenant.Status != HttpStatusCode.Forbidden), $"{route}: {tenant.Status} {tenant.Body}");
                Assert.True(admin.Status != HttpStatusCode.Forbidden, $"{route}: {admin.Status} {admin.Body}");
            }

            // What is meant for another service is not meant for this one.
            var others = await CallAsync(bench, route, bench.Issuer.Issue(AccessBench.Audience, Claims(("roles", "admin"), ("scp", "calendar.write"))));
            AssertMissing(rule.AnyOf, route, others);
        }
    }

    [Fact]
    public async Task A_foreign_tenants_route_and_an_admins_answer_all_alike_and_read_nothing()
    {
        await using var bench = await AccessBench.StartAsync();
        // One of the two foreign tenants is real.
        Assert.Equal(HttpStatusCode.Created, (await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, $"/api/v1/email/configs/{Foreign}", """{"provider_type":"file","from_email":"hello@example.com"}""")).Status);
        var key = await KeyOfAsync(bench, Scopes.All, Own);
        var credentials = new[] { bench.TokenOf(Own), bench.Issuer.Issue(AccessBench.Audience, Claims(("tenant_id", Own), ("scope", "send read config admin"))), key };
        var (bodies, batches) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        // The key itself is read, and its use is written down, once.
        await CallAsync(bench, "GET /api/v1/email/providers", key);
        await CallAsync(bench, "GET /api/v1/email/providers", key);
        var (reads, writes) = (bench.Table.Reads, bench.Table.Writes);

        foreach (var (route, rule) in Table.Where(static entry => entry.Value.Reach is Reach.Tenant or Reach.Batch or Reach.All && entry.Value != Rule.Open))
        {
            foreach (var credential in credentials)
            {
                foreach (var tenant in new[] { Foreign, "made-up" })
                {
                    var answer = await CallAsync(bench, route, credential, tenant);
                    if (rule.Reach == Reach.Batch)
                    {
                        batches.Add(answer.Body);
                        continue;
                    }

                    Assert.True(answer.Status == HttpStatusCode.Forbidden, $"{route}: {answer.Status} {answer.Body}");
                    if (answer.Json["type"]!.GetValue<string>().EndsWith(":missing-scope", StringComparison.Ordinal))
                        Assert.Equal((Scopes.Admin, bench.TokenOf(Own).Length), (rule.AnyOf, credential.Length));
                    else
                        bodies.Add(answer.BodyWithoutTrace);
                }
            }
        }

        Assert.Single(bodies);
        Assert.Contains("\"status\":403", Assert.Single(batches), StringComparison.Ordinal);
        Assert.Equal((reads, writes), (bench.Table.Reads, bench.Table.Writes));
    }

    [Fact]
    public async Task Without_a_credential_nobody_learns_which_paths_and_methods_exist()
    {
        await using var bench = await AccessBench.StartAsync();
        var real = await bench.GetAsync(token: null, "/api/v1/email/providers");

        foreach (var (method, path) in new[] { ("GET", "/api/v1/nowhere"), ("GET", "/"), ("POST", "/DispatchEmail"), ("PATCH", "/api/v1/email/send"), ("GET", "/api/v1/admin"), ("OPTIONS", "/api/v1/email/send") })
        {
            var answer = await bench.CallAsync(token: null, new HttpMethod(method), path);
            answer.AssertUnauthenticated();
            Assert.Equal(real.BodyWithoutTrace, answer.BodyWithoutTrace);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await bench.GetAsync(bench.TokenOf("acme"), "/api/v1/nowhere")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await bench.CallAsync(bench.TokenOf("acme"), HttpMethod.Patch, "/api/v1/email/send")).Status);
    }

    [Fact]
    public async Task What_is_open_does_not_hang_on_the_issuer_or_the_store()
    {
        await using var bench = await AccessBench.StartAsync();
        bench.Issuer.IsDown = true;

        foreach (var path in new[] { "/health", "/api/v1/health", "/openapi/v1.json", "/docs/index.html", "/redoc/index.html", "/dashboard/", "/api/v1/email/schemas/email-in" })
        {
            foreach (var token in new[] { null, "secret", bench.TokenOf("acme"), ApiKeyToken.New(ApiKeyToken.NewId(tenant: null)) })
                Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(token, path)).Status);
        }

        Assert.Empty(bench.Issuer.Calls);
    }

    [Theory]
    [InlineData("EMAIL_METRICS_ACCESS", "/metrics")]
    [InlineData("EMAIL_DOCS_ACCESS", "/docs/index.html", "/redoc/index.html", "/openapi/v1.json")]
    [InlineData("EMAIL_DASHBOARD_ACCESS", "/dashboard/")]
    public async Task Metrics_documents_and_status_page_are_there_for_whom_the_setting_says(string setting, params string[] paths)
    {
        await using var open = await AccessBench.StartAsync(null, (setting, "public"));
        await using var off = await AccessBench.StartAsync(null, (setting, "off"));

        foreach (var path in paths)
        {
            Assert.Equal(HttpStatusCode.OK, (await open.GetAsync(token: null, path)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await off.GetAsync(token: null, path)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await off.GetAsync(off.AdminToken(), path)).Status);
        }
    }

    private static IEnumerable<string> RoutesOf(AccessBench bench) =>
        from endpoint in bench.Service.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
        select $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}";

    private static Task<Answer> CallAsync(AccessBench bench, string route, string? token, string tenant = Own)
    {
        var (method, pattern) = (route.Split(' ')[0], route.Split(' ')[1]);
        var path = pattern
            .Replace("{*asset}", "index.html", StringComparison.Ordinal)
            .Replace("{tenant_id}", tenant, StringComparison.Ordinal)
            .Replace("{key_id}", "0123456789abcdef01234567", StringComparison.Ordinal)
            .Replace("{message_id}", tenant + "~00000000000000000000000000000000", StringComparison.Ordinal);
        var message = $$"""{"tenant_id":"{{tenant}}","to":["you@example.com"],"subject":"S","body":"B"}""";
        var json = method is "GET" or "HEAD" or "DELETE" ? null
            : pattern.EndsWith("/send", StringComparison.Ordinal) ? message
            : pattern.EndsWith("/batch", StringComparison.Ordinal) ? $$"""{"messages":[{{message}}]}""" : "{}";
        return bench.CallAsync(token, new HttpMethod(method), path, json);
    }

    private static async Task<List<(string Name, string? Credential)>> BadCredentialsAsync(AccessBench bench)
    {
        var key = await KeyOfAsync(bench, Scopes.All, tenant: null);
        var revoked = await KeyOfAsync(bench, Scopes.All, tenant: null);
        var over = await KeyOfAsync(bench, Scopes.All, tenant: null);
        await EndAsync(bench, over[4..28]);
        Assert.Equal(HttpStatusCode.NoContent, (await bench.CallAsync(bench.AdminToken(), HttpMethod.Delete, $"{Admin}/api-keys/{revoked[4..28]}")).Status);
        return
        [
            ("none", null),
            ("wrong issuer", bench.AdminToken(static token => token.Issuer = "https://another-issuer.example")),
            ("wrong audience", bench.AdminToken(static token => token.Audience = "api://another-service")),
            ("expired", bench.AdminToken(static token => (token.NotBefore, token.Expires) = (DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddMinutes(-6)))),
            ("not valid yet", bench.AdminToken(static token => (token.NotBefore, token.Expires) = (DateTime.UtcNow.AddMinutes(6), DateTime.UtcNow.AddHours(2)))),
            ("another's key", bench.AdminToken(static token => token.SigningCredentials = new(FakeIssuer.NewKey(), SecurityAlgorithms.RsaSha256))),
            ("wrong algorithm", bench.AdminToken(token => token.SigningCredentials = new(bench.Issuer.SharedSecret, SecurityAlgorithms.HmacSha256))),
            ("algorithm none", bench.AdminToken(static token => token.SigningCredentials = null)),
            ("revoked key", revoked),
            ("key that is over", over),
            ("key with another secret", ApiKeyToken.New(key[4..28])),
            ("key that nobody made", ApiKeyToken.New(ApiKeyToken.NewId(tenant: null))),
            ("key with a wrong checksum", key[..^1] + (key[^1] == 'x' ? 'y' : 'x')),
            ("key cut off", key[..^1]),
        ];
    }

    private static void AssertMissing(Scopes anyOf, string route, Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.Forbidden, $"{route}: {answer.Status} {answer.Body}");
        Assert.Equal("urn:email-functions:problem:missing-scope", answer.Json["type"]!.GetValue<string>());
        foreach (var name in ScopeNames.Of(anyOf))
            Assert.Contains(name, answer.Json["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static string TokenOf(AccessBench bench, Scopes scopes, bool forAll) =>
        bench.Issuer.Issue(AccessBench.Audience, Claims((forAll ? "roles" : "tenant_id", forAll ? "admin" : Own), ("scope", string.Join(' ', ScopeNames.Of(scopes)))));

    // As if its time had gone by.
    private static async Task EndAsync(AccessBench bench, string id)
    {
        var store = bench.Service.Services.GetRequiredService<ApiKeyStore>();
        var key = await store.FindAsync(id, TestContext.Current.CancellationToken);
        await store.DeleteAsync(id, TestContext.Current.CancellationToken);
        await store.InsertAsync(key! with { ExpiresAt = DateTimeOffset.UtcNow }, TestContext.Current.CancellationToken);
    }

    private static async Task<string> KeyOfAsync(AccessBench bench, Scopes scopes, string? tenant)
    {
        var body = new JsonObject { ["name"] = "test", ["scopes"] = new JsonArray([.. ScopeNames.Of(scopes).Select(static name => (JsonNode)name)]) };
        var answer = await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, tenant is null ? $"{Admin}/api-keys" : $"/api/v1/email/configs/{tenant}/api-keys", body.ToJsonString());
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        return answer.Json["key"]!.GetValue<string>();
    }

    private static Dictionary<string, object> Claims(params ReadOnlySpan<(string Name, string? Value)> claims)
    {
        var all = new Dictionary<string, object>();
        foreach (var (name, value) in claims)
        {
            if (value is not null)
                all[name] = name == "roles" ? new[] { value } : value;
        }

        return all;
    }

    private sealed record Rule(Scopes AnyOf, Reach Reach)
    {
        public static Rule Open { get; } = new(Scopes.None, Reach.Anybody);
    }
}
