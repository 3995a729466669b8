using System.Net;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Hardening;

/// <summary>No answer is without what browsers are to be told, whatever it is.</summary>
public sealed class SecurityHeaderTests
{
    private static readonly string[] Always =
    [
        "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer", "Cross-Origin-Embedder-Policy: require-corp",
        "Cross-Origin-Resource-Policy: same-origin", "Permissions-Policy: accelerometer=()", "frame-ancestors 'none'", "default-src 'none'",
    ];

    [Theory]
    [InlineData("GET", "/api/v1/email/providers", 200)]
    [InlineData("GET", "/api/v1/email/configs/other", 403)]
    [InlineData("GET", "/api/v1/email/configs/acme", 404)]
    [InlineData("GET", "/api/v1/email/configs/a%20b", 400)]
    [InlineData("PATCH", "/api/v1/email/providers", 405)]
    [InlineData("POST", "/api/v1/email/send", 415)]
    [InlineData("GET", "/api/v1/nowhere", 404)]
    [InlineData("GET", "/health", 200)]
    [InlineData("GET", "/metrics", 403)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    public async Task Answers_are_nobodys_script_frame_or_copy(string method, string path, int status)
    {
        await using var bench = await AccessBench.StartAsync();

        var answer = await bench.CallAsync(bench.TokenOf("acme"), new HttpMethod(method), path);

        Assert.Equal(status, (int)answer.Status);
        AssertAll(answer);
        Assert.Contains("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'", answer.Headers, StringComparison.Ordinal);
        Assert.Contains("Cache-Control: no-store", answer.Headers, StringComparison.Ordinal);
        Assert.Contains("Cross-Origin-Opener-Policy: same-origin\n", answer.Headers.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("Strict-Transport-Security", answer.Headers, StringComparison.Ordinal);
        Assert.DoesNotContain("Access-Control", answer.Headers, StringComparison.Ordinal);
        AssertAll(await bench.CallAsync(token: null, new HttpMethod(method), path));
    }

    [Theory]
    [InlineData("/dashboard/")]
    [InlineData("/dashboard/dashboard.js")]
    [InlineData("/docs/index.html")]
    [InlineData("/docs/swagger-ui-bundle.js")]
    [InlineData("/redoc/index.html")]
    public async Task Pages_run_scripts_of_the_services_own_files_alone(string path)
    {
        await using var bench = await AccessBench.StartAsync();

        var answer = await bench.GetAsync(token: null, path);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        AssertAll(answer);
        Assert.Contains("script-src 'self';", answer.Headers, StringComparison.Ordinal);
        Assert.Contains("connect-src 'self';", answer.Headers, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", answer.Headers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_where_people_sign_in_may_call_the_issuers_origin_and_no_other()
    {
        await using var bench = await AccessBench.StartAsync(null, ("EMAIL_AUTH_CLIENT_ID", "pages"));

        foreach (var path in new[] { "/dashboard/", "/docs/index.html" })
            Assert.Contains($"connect-src 'self' {bench.Issuer.Address};", (await bench.GetAsync(token: null, path)).Headers, StringComparison.Ordinal);
        Assert.Contains("connect-src 'self';", (await bench.GetAsync(token: null, "/redoc/index.html")).Headers, StringComparison.Ordinal);
        Assert.Contains("Cross-Origin-Opener-Policy: same-origin-allow-popups", (await bench.GetAsync(token: null, "/docs/index.html")).Headers, StringComparison.Ordinal);
        Assert.Contains("Cross-Origin-Opener-Policy: unsafe-none", (await bench.GetAsync(token: null, "/docs/oauth2-redirect.html")).Headers, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AzureWebJobsStorage:accountName=mine|EMAIL_KEY_VAULT_KEY=https://mine.vault.azure.net/keys/email|EMAIL_AUTH_AUTHORITY=https://login.example.com|EMAIL_AUTH_AUDIENCE=api://email", true)]
    [InlineData("AzureWebJobsStorage=UseDevelopmentStorage=true|EMAIL_ENCRYPTION_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false)]
    public async Task In_azure_browsers_are_told_to_stay_with_https(string settings, bool isTold)
    {
        var all = settings.Split('|').Select(static text => text.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
        (all["EMAIL_MODE"], all["EMAIL_QUEUE"], all["FUNCTIONS_CUSTOMHANDLER_PORT"]) = ("azure", "storagequeue", "41234");
        await using var service = ServiceHost.Start(all);

        foreach (var path in new[] { "/dashboard/", "/api/v1/email/providers", "/api/v1/nowhere" })
        {
            using var answer = await service.Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(isTold ? "max-age=31536000" : null, answer.Headers.TryGetValues("Strict-Transport-Security", out var values) ? values.Single() : null);
            // TLS ends before the service, which would redirect for ever.
            Assert.NotEqual(HttpStatusCode.PermanentRedirect, answer.StatusCode);
        }
    }

    private static void AssertAll(Answer answer)
    {
        foreach (var header in Always)
            Assert.Contains(header, answer.Headers, StringComparison.Ordinal);
        Assert.DoesNotContain("Server:", answer.Headers, StringComparison.Ordinal);
    }
}
