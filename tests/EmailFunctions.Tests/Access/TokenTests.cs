using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace EmailFunctions.Tests.Access;

/// <summary>Which tokens are taken; RFC 8725 lists most of what is tried here.</summary>
public sealed class TokenTests
{
    private const string Mine = "/api/v1/email/configs/acme/usage";

    private static readonly Dictionary<string, Func<AccessBench, string>> BadTokens = new()
    {
        ["expired"] = static bench => bench.TokenOf("acme", static token => (token.NotBefore, token.Expires) = (DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddMinutes(-6))),
        ["not valid yet"] = static bench => bench.TokenOf("acme", static token => token.NotBefore = DateTime.UtcNow.AddMinutes(6)),
        ["without an end"] = static bench => bench.TokenOf("acme", static token => token.Expires = null),
        ["for another audience"] = static bench => bench.TokenOf("acme", static token => token.Audience = "api://another-service"),
        ["without an audience"] = static bench => bench.TokenOf("acme", static token => token.Audience = null),
        ["of another issuer"] = static bench => bench.TokenOf("acme", static token => token.Issuer = "https://another-issuer.example"),
        ["without an issuer"] = static bench => bench.TokenOf("acme", static token => token.Issuer = null),
        ["signed with another key"] = static bench => bench.TokenOf("acme", static token => token.SigningCredentials = Signing(FakeIssuer.NewKey())),
        ["signed with another key of the same name"] = static bench => bench.TokenOf("acme", token => token.SigningCredentials = Signing(OfName(FakeIssuer.NewKey(), bench.Issuer.Key.KeyId))),
        ["unsigned"] = static bench => bench.TokenOf("acme", static token => token.SigningCredentials = null),
        ["unsigned, with algorithm None"] = static bench => Encoded("""{"alg":"None","typ":"JWT"}""") + "." + PayloadOf(bench.TokenOf("acme")) + ".",
        ["signed with the public key as a secret"] = static bench => bench.TokenOf("acme", token => token.SigningCredentials = PublicKeyAsSecret(bench.Issuer.Key)),
        ["signed with a secret that the issuer published"] = static bench => bench.TokenOf("acme", token => token.SigningCredentials = new(bench.Issuer.SharedSecret, SecurityAlgorithms.HmacSha256)),
        ["with its signature cut off"] = static bench => bench.TokenOf("acme")[..^300],
        ["with another payload"] = static bench => WithPayloadOf(bench.TokenOf("acme"), bench.TokenOf("other")),
        ["no token"] = static _ => "secret-secret",
        ["nothing"] = static _ => "",
        ["three dots"] = static _ => "...",
        ["very long"] = static _ => new string('a', 20_000),
    };

    public static TheoryData<string> Kinds => [.. BadTokens.Keys];

    [Fact]
    public async Task A_token_of_the_issuer_for_this_service_is_taken()
    {
        await using var bench = await AccessBench.StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status);
    }

    [Fact]
    public async Task Without_a_token_the_answer_says_what_is_missing()
    {
        await using var bench = await AccessBench.StartAsync();

        var answer = await bench.GetAsync(token: null, Mine);

        answer.AssertUnauthenticated();
        // RFC 6750 section 3.1: no error code where no token came.
        Assert.DoesNotContain("error", answer.Headers, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_token_is_refused_that_is(string kind)
    {
        await using var bench = await AccessBench.StartAsync();
        var token = BadTokens[kind](bench);

        (await bench.GetAsync(token, Mine)).AssertUnauthenticated();
        (await bench.SendAsync(token, "acme")).AssertUnauthenticated();
        Assert.Equal(0, bench.Table.Reads);
        // The same service takes a good one.
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status);
    }

    [Fact]
    public async Task Two_authorization_headers_are_refused_in_either_order()
    {
        await using var bench = await AccessBench.StartAsync();
        var good = "Bearer " + bench.TokenOf("acme");

        foreach (var pair in new[] { (good, good), (good, "Bearer secret"), ("Bearer secret", good), (good, "Basic secret"), ("Basic secret", good) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Mine);
            request.Headers.TryAddWithoutValidation("Authorization", [pair.Item1, pair.Item2]);
            (await bench.CallAsync(request)).AssertUnauthenticated();
        }
    }

    [Fact]
    public async Task A_token_elsewhere_than_in_the_header_is_not_looked_at()
    {
        await using var bench = await AccessBench.StartAsync();
        var token = bench.TokenOf("acme");

        (await bench.GetAsync(token: null, $"{Mine}?access_token={token}")).AssertUnauthenticated();
        using var form = new HttpRequestMessage(HttpMethod.Post, "/api/v1/email/send") { Content = new FormUrlEncodedContent([new("access_token", token)]) };
        (await bench.CallAsync(form)).AssertUnauthenticated();
    }

    [Fact]
    public async Task A_key_that_the_issuer_has_new_is_taken_without_a_restart()
    {
        await using var bench = await AccessBench.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status);

        bench.Issuer.Rotate();

        await Waiting.UntilAsync(async () => (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Neither_an_answer_nor_the_log_repeats_what_a_token_says()
    {
        await using var bench = await AccessBench.StartAsync();
        var good = bench.Issuer.Issue(AccessBench.Audience, new() { ["tenant_id"] = "canary tenant", ["roles"] = "canary-role", ["email"] = "canary@example.com" });
        var tokens = BadTokens.Values.Select(make => make(bench)).Append(good)
            .Append(bench.TokenOf("canary-tenant", static token => token.Audience = "canary-audience"))
            .Append(bench.TokenOf("canary-tenant", static token => token.Issuer = "https://canary-issuer.example"))
            .Where(static token => token.Length > 3).ToList();

        foreach (var token in tokens)
        {
            foreach (var answer in new[] { await bench.GetAsync(token, Mine), await bench.SendAsync(token, "acme"), await bench.GetAsync(token, "/api/v1/nowhere") })
                AssertSilent($"{answer.Headers}{answer.Body}", token);
            AssertSilent(bench.Log.Text, token);
        }

        // It does keep what is logged.
        Assert.Contains("Callers need API keys or access tokens.", bench.Log.Text, StringComparison.Ordinal);
    }

    private static void AssertSilent(string text, string token)
    {
        foreach (var part in token.Split('.').Where(static part => part.Length > 8))
            Assert.DoesNotContain(part, text, StringComparison.Ordinal);
        foreach (var value in new[] { "canary", "another-service", "another-issuer" })
            Assert.DoesNotContain(value, text, StringComparison.OrdinalIgnoreCase);
    }

    private static SigningCredentials Signing(SecurityKey key) => new(key, SecurityAlgorithms.RsaSha256);

    private static RsaSecurityKey OfName(RsaSecurityKey key, string name)
    {
        key.KeyId = name;
        return key;
    }

    // The confusion of RFC 8725 section 2.1: whoever has the public key could sign, were it taken for a shared secret.
    private static SigningCredentials PublicKeyAsSecret(RsaSecurityKey key) => new(
        new SymmetricSecurityKey(Encoding.ASCII.GetBytes(key.Rsa.ExportSubjectPublicKeyInfoPem())) { KeyId = key.KeyId }, SecurityAlgorithms.HmacSha256);

    private static string Encoded(string text) => Base64UrlEncoder.Encode(text);

    private static string PayloadOf(string token) => token.Split('.')[1];

    private static string WithPayloadOf(string token, string other)
    {
        var parts = token.Split('.');
        return $"{parts[0]}.{PayloadOf(other)}.{parts[2]}";
    }
}
