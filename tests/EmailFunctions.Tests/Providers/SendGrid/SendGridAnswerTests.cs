using EmailFunctions.Providers;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;
using static EmailFunctions.Tests.Providers.SendGrid.SendGridBench;

namespace EmailFunctions.Tests.Providers.SendGrid;

public sealed class SendGridAnswerTests : AnswerContract
{
    private const string NoKey = "Not asked: the account has no `api_key`, or what can't be one";
    private const string Credits = "401, 403 or 429 about credits (`Maximum credits exceeded`)";
    private const string Suspended = "401 or 403: the account is suspended, disabled or under review";
    private const string Sender = "400 or 403 about the sender (`does not match a verified Sender Identity`)";
    private const string WrongKey = "401 or 403: the key is wrong, or may not send";
    private const string NotSendGrid = "A redirect, 404, 405, 406 or 415: the endpoint is not SendGrid's";
    private const string Refused = "400 about a recipient";

    private static readonly TimeSpan QuotaWait = TimeSpan.FromMinutes(15);

    private static readonly Provocation[] List =
    [
        Provocation.Beforehand(NoKey, static account => account with { Secrets = ProviderSecrets.None }),
        Provocation.Beforehand(NoKey, static account => account with { Secrets = new ProviderSecrets { ApiKey = "two\r\nlines" } }),
        Provocation.Answer("202", Accepted),
        Provocation.Answer("202", VendorReply.Answer(202)),
        new("sandbox", "200 in sandbox mode: checked, and delivered to nobody", static _ => SendInSandboxAsync()),
        Provocation.Answer("Another 2xx: not SendGrid", VendorReply.Answer(200, "<html>")),
        Provocation.Answer("Another 2xx: not SendGrid", VendorReply.Answer(204)),
        Provocation.Answer(Credits, Error(401, "Maximum credits exceeded"), QuotaWait),
        Provocation.Answer(Credits, Error(429, "Maximum credits exceeded") with { Headers = new Dictionary<string, string> { ["X-RateLimit-Reset"] = $"{Emails.AcceptedAt.AddSeconds(10).ToUnixTimeSeconds()}" } }, QuotaWait),
        Provocation.Answer(Credits, Error(429, "Maximum credits exceeded") with { Headers = new Dictionary<string, string> { ["Retry-After"] = "3600" } }, TimeSpan.FromHours(1)),
        Provocation.Answer("429", Error(429, "too many requests")),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("Retry-After", "0"))),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("X-RateLimit-Reset", $"{Emails.AcceptedAt.AddSeconds(42).ToUnixTimeSeconds()}")), TimeSpan.FromSeconds(42)),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("X-RateLimit-Reset", $"{Emails.AcceptedAt.AddSeconds(-42).ToUnixTimeSeconds()}"))),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("X-RateLimit-Reset", $"{Emails.AcceptedAt.ToUnixTimeSeconds()}"))),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("X-RateLimit-Reset", "4294967294")), TimeSpan.FromDays(1)),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("X-RateLimit-Reset", "99999999999999999999"))),
        Provocation.Answer("429", VendorReply.Answer(429, "", ("Retry-After", "7")), TimeSpan.FromSeconds(7)),
        Provocation.Answer(Suspended, Error(403, "Your account has been temporarily suspended.")),
        Provocation.Answer(Suspended, Error(401, "Your account is under review.")),
        Provocation.Answer(Sender, Error(403, "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", "from")),
        Provocation.Answer(Sender, Error(400, "The from email does not contain a valid address.", "from.email")),
        Provocation.Answer(WrongKey, Error(401, "The provided authorization grant is invalid, expired, or revoked")),
        Provocation.Answer(WrongKey, Error(403, "access forbidden")),
        Provocation.Answer(Refused, Error(400, "Does not contain a valid address.", "personalizations.0.to.0.email")),
        Provocation.Answer(Refused, Error(400, "Each email address in the personalization block should be unique between to, cc, and bcc.", "personalizations.0.cc")),
        Provocation.Answer("400 or 413", Error(400, "The attachment content must be base64 encoded.", "attachments.0.content")),
        Provocation.Answer("400 or 413", Error(400, "The custom arguments are too large.", "personalizations.0.custom_args")),
        Provocation.Answer("400 or 413", Error(413, "content too large")),
        Provocation.Answer("451: the endpoint is of another region (data residency)", Error(451, "unavailable")),
        Provocation.Answer(NotSendGrid, VendorReply.Answer(301, "", ("Location", "https://example.com"))),
        Provocation.Answer(NotSendGrid, Error(404, "not found")),
        Provocation.Answer(NotSendGrid, VendorReply.Answer(405)),
        Provocation.Answer(NotSendGrid, VendorReply.Answer(406)),
        Provocation.Answer(NotSendGrid, VendorReply.Answer(415)),
        Provocation.Answer("408, or 5xx", Error(500, "internal server error")),
        Provocation.Answer("408, or 5xx", VendorReply.Answer(503, "", ("Retry-After", "30")), TimeSpan.FromSeconds(30)),
        Provocation.Answer("408, or 5xx", VendorReply.Answer(408)),
        .. Provocation.WithoutAnswer(),
    ];

    public static TheoryData<Provocation> All => new(List);

    private protected override IReadOnlyList<AnswerRow> Answers => SendGridAnswers.Answers;

    private protected override IReadOnlyList<Provocation> Provocations => List;

    [Theory]
    [MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public Task A_row_comes_to_what_it_says(Provocation provocation) => AssertProvokedAsync(provocation);

    [Fact]
    public async Task What_the_vendor_says_is_kept_without_addresses()
    {
        await using var bench = await SendGridBench.StartAsync(Error(400, "The address to@example.com is not valid.", "personalizations.0.to.0.email"));
        Assert.Equal("400 The address <address> is not valid.", (await bench.SendAsync()).Answer);
    }

    [Theory]
    [InlineData(200, """{"scopes":["alerts.read","mail.send"]}""", ProbeStatus.Healthy, null)]
    [InlineData(200, """{"scopes":["alerts.read","mail.send.schedule"]}""", ProbeStatus.Unhealthy, ErrorCategory.Auth)]
    [InlineData(200, """{"scopes":[]}""", ProbeStatus.Unhealthy, ErrorCategory.Auth)]
    [InlineData(200, "<html>", ProbeStatus.Unhealthy, ErrorCategory.Config)]
    [InlineData(403, """{"errors":[{"message":"access forbidden"}]}""", ProbeStatus.Limited, null)]
    [InlineData(401, """{"errors":[{"message":"authorization required"}]}""", ProbeStatus.Unhealthy, ErrorCategory.Auth)]
    [InlineData(401, """{"errors":[{"message":"Maximum credits exceeded"}]}""", ProbeStatus.Unhealthy, ErrorCategory.Quota)]
    [InlineData(500, "", ProbeStatus.Unhealthy, ErrorCategory.ProviderUnavailable)]
    public async Task A_probe_asks_for_the_keys_scopes(int status, string body, ProbeStatus found, ErrorCategory? category)
    {
        await using var bench = await SendGridBench.StartAsync(VendorReply.Answer(status, body));
        var probe = await bench.ProbeAsync();
        Assert.Equal((found, category), (probe.Status, probe.Category));
        Assert.Equal(("GET", "/v3/scopes", "Bearer " + Key), (bench.Request().Method, bench.Request().Target, bench.Request().Header("authorization")));
    }

    private protected override Task<VendorBench> StartAsync() => SendGridBench.StartAsync();

    private static async Task<SendResult> SendInSandboxAsync()
    {
        await using var bench = await SendGridBench.StartAsync(VendorReply.Answer(200), sandbox: true);
        return await bench.SendAsync();
    }
}
