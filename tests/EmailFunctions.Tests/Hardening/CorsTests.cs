using System.Net;
using EmailFunctions.Settings;
using EmailFunctions.Tests.Access;
using Microsoft.Extensions.Configuration;

namespace EmailFunctions.Tests.Hardening;

/// <summary>Pages of other origins may call where a setting names them, and nowhere else.</summary>
public sealed class CorsTests
{
    private const string Setting = "EMAIL_CORS_ORIGINS";
    private const string Named = "https://app.example.com";

    [Theory]
    [InlineData(Named, true)]
    [InlineData("https://other.example.com:8443", true)]
    [InlineData("http://app.example.com", false)]
    [InlineData("https://app.example.com:444", false)]
    [InlineData("https://app.example.com.attacker.example", false)]
    [InlineData("https://attacker.example", false)]
    [InlineData("null", false)]
    public async Task Of_named_origins_pages_may_call_with_a_credential_of_their_own(string origin, bool isAllowed)
    {
        await using var bench = await AccessBench.StartAsync(null, (Setting, $"{Named}, https://other.example.com:8443"));

        var preflight = await AskAsync(bench, HttpMethod.Options, origin, token: null);
        var answer = await AskAsync(bench, HttpMethod.Get, origin, bench.TokenOf("acme"));
        var refused = await AskAsync(bench, HttpMethod.Get, origin, token: null);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (answer.Status, refused.Status));
        foreach (var headers in new[] { preflight.Headers, answer.Headers, refused.Headers })
        {
            Assert.Equal(isAllowed, headers.Contains($"Access-Control-Allow-Origin: {origin}", StringComparison.Ordinal));
            Assert.DoesNotContain("Access-Control-Allow-Origin: *", headers, StringComparison.Ordinal);
            Assert.DoesNotContain("Access-Control-Allow-Credentials", headers, StringComparison.Ordinal);
        }

        Assert.Equal(isAllowed, preflight.Headers.Contains("Access-Control-Allow-Headers: Authorization,Content-Type,If-Match,Idempotency-Key,traceparent", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Without_the_setting_there_is_none()
    {
        await using var bench = await AccessBench.StartAsync();

        var preflight = await AskAsync(bench, HttpMethod.Options, Named, token: null);

        preflight.AssertUnauthenticated();
        Assert.DoesNotContain("Access-Control", preflight.Headers, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("app.example.com")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com/page")]
    [InlineData("https://App.example.com")]
    [InlineData("https://app.example.com:443")]
    [InlineData("https://*.example.com")]
    [InlineData("https://me@app.example.com")]
    [InlineData("https://bücher.example")]
    [InlineData("http://app.example.com")]
    [InlineData("file:///page.html")]
    [InlineData(Named + ";https://b.example.com")]
    public void What_is_no_origin_as_browsers_write_it_stops_the_start(string origins) =>
        Assert.Contains(Setting, Assert.Throws<SettingsException>(() => Read(origins)).Message, StringComparison.Ordinal);

    [Fact]
    public void Origins_have_commas_between_them_and_on_this_machine_http_will_do() =>
        Assert.Equal([Named, "http://localhost:3000", "https://[::1]:8443"], Read($" {Named} ,http://localhost:3000,, https://[::1]:8443").Access.CorsOrigins);

    private static ServiceSettings Read(string origins) =>
        ServiceSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [Setting] = origins }).Build());

    private static async Task<Answer> AskAsync(AccessBench bench, HttpMethod method, string origin, string? token)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/email/providers") { Headers = { { "Origin", origin } } };
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        if (method == HttpMethod.Options)
        {
            request.Headers.Add("Access-Control-Request-Method", "GET");
            request.Headers.Add("Access-Control-Request-Headers", "authorization");
        }

        return await bench.CallAsync(request);
    }
}
