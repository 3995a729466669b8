using EmailFunctions.Providers;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;
using static EmailFunctions.Tests.Providers.Mailgun.MailgunBench;

namespace EmailFunctions.Tests.Providers.Mailgun;

public sealed class MailgunAnswerTests : AnswerContract
{
    private const string NoKey = "Not asked: the account has no `api_key`, or what can't be one";
    private const string NoDomain = "Not asked: neither `mailgun_domain` nor a sender says for which domain";
    private const string Limit = "4xx about a limit of recipients, bytes or messages (`recipient limit exceeded, try again after …`)";
    private const string TooMany = "429, or 4xx about the limit of requests";
    private const string Disabled = "4xx: the account or the domain is disabled or suspended";
    private const string NotAllowed = "4xx: the domain is not allowed to send (sandbox, not verified, not activated, on probation)";
    private const string WrongKey = "401 or 403: the key is wrong, or of another domain or region";
    private const string NotThere = "404: the domain, or the endpoint, is not there";
    private const string NotMailgun = "A redirect, 405 or 415: the endpoint is not Mailgun's";
    private const string Sender = "400 about the sender (`from parameter is not a valid address`)";
    private const string Refused = "400 about a recipient (`to parameter is not a valid address`)";

    private static readonly TimeSpan QuotaWait = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan TwoMinutes = TimeSpan.FromMinutes(2);

    private static readonly Provocation[] List =
    [
        Provocation.Beforehand(NoKey, static account => account with { Secrets = ProviderSecrets.None }),
        Provocation.Beforehand(NoDomain, static account => account with { Settings = account.Settings with { MailgunDomain = "../evil" } }),
        Provocation.Beforehand(NoDomain, static account => account with { Settings = account.Settings with { FromEmail = null } }),
        Provocation.Answer("200 with an `id`", Accepted),
        Provocation.Answer("200 without one: not Mailgun, or cut off", VendorReply.Answer(200, "Mailgun Magnificent API")),
        Provocation.Answer("200 without one: not Mailgun, or cut off", VendorReply.Answer(200, Accepted.Body[..9])),
        Provocation.Answer(Limit, Error(429, "Domain acme.example is not allowed to send: recipient limit exceeded, try again after Sat, 14 Mar 2026 15:11:26 UTC"), TwoMinutes),
        Provocation.Answer(Limit, Error(420, "Domain acme.example is not allowed to send: recipient limit exceeded, try again after Sat, 14 Mar 2026 15:11:26 UTC"), TwoMinutes),
        Provocation.Answer(Limit, Error(429, "Domain acme.example is not allowed to send: bytes limit exceeded, try again after soon"), QuotaWait),
        Provocation.Answer(Limit, Error(429, "Domain acme.example is not allowed to send: recipient limit exceeded, try again after Sat, 14 Mar 2026 15:08:26 UTC"), QuotaWait),
        Provocation.Answer(Limit, VendorReply.Answer(429, """{"message":"recipient limit exceeded"}""", ("Retry-After", "1")), QuotaWait),
        Provocation.Answer(Limit, VendorReply.Answer(429, """{"message":"recipient limit exceeded, try again after Sat, 14 Mar 2026 15:11:26 UTC"}""", ("Retry-After", "1")), TwoMinutes),
        Provocation.Answer(Limit, Error(403, "Your account has reached its monthly message limit."), QuotaWait),
        Provocation.Answer(Limit, Error(400, "Your plan's limit reached."), QuotaWait),
        Provocation.Answer(TooMany, Error(429, "Domain acme.example is not allowed to send: request limit exceeded, try again after Sat, 14 Mar 2026 15:11:26 UTC"), TwoMinutes),
        Provocation.Answer(TooMany, VendorReply.Answer(429, "", ("Retry-After", "9")), TimeSpan.FromSeconds(9)),
        Provocation.Answer(TooMany, VendorReply.Answer(429)),
        Provocation.Answer(Disabled, Error(403, "Account disabled")),
        Provocation.Answer(Disabled, Error(400, "Domain acme.example is suspended.")),
        Provocation.Answer(NotAllowed, Error(400, "Domain acme.example is not allowed to send: The domain is unverified and requires DNS configuration.")),
        Provocation.Answer(NotAllowed, Error(403, "Domain sandbox1.mailgun.org is not allowed to send: Sandbox subdomains are for test purposes only.")),
        Provocation.Answer(NotAllowed, Error(400, "Rejected: Only 10 recipients per request is allowed on probation.")),
        Provocation.Answer(WrongKey, VendorReply.Answer(401, "Forbidden")),
        Provocation.Answer(WrongKey, Error(403, "Invalid private key")),
        Provocation.Answer(NotThere, Error(404, "Domain not found: acme.example")),
        Provocation.Answer(NotMailgun, VendorReply.Answer(308, "", ("Location", "https://example.com"))),
        Provocation.Answer(NotMailgun, VendorReply.Answer(405)),
        Provocation.Answer(NotMailgun, VendorReply.Answer(415)),
        Provocation.Answer(Sender, Error(400, "from parameter is not a valid address. please check documentation")),
        Provocation.Answer(Sender, Error(400, "'from' parameter is not a valid address. please check documentation")),
        Provocation.Answer(Refused, Error(400, "to parameter is not a valid address. please check documentation")),
        Provocation.Answer(Refused, Error(400, "'bcc' parameter is not a valid address. please check documentation")),
        Provocation.Answer("400 or 413", Error(400, "malformed multipart/form-data request")),
        Provocation.Answer("400 or 413", Error(400, "message size limit exceeded")),
        Provocation.Answer("400 or 413", Error(413, "Message size limit reached: 25 MB")),
        Provocation.Answer("400 or 413", Error(413, "request size exceeds 52.4MiB limit")),
        Provocation.Answer("408, or 5xx", Error(500, "Internal Server Error")),
        Provocation.Answer("408, or 5xx", VendorReply.Answer(503)),
        Provocation.Answer("408, or 5xx", VendorReply.Answer(408)),
        .. Provocation.WithoutAnswer(),
    ];

    public static TheoryData<Provocation> All => new(List);

    private protected override IReadOnlyList<AnswerRow> Answers => MailgunAnswers.Answers;

    private protected override IReadOnlyList<Provocation> Provocations => List;

    [Theory]
    [MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public Task A_row_comes_to_what_it_says(Provocation provocation) => AssertProvokedAsync(provocation);

    [Theory]
    [InlineData(200, """{"domain":{"name":"acme.example","state":"active"}}""", ProbeStatus.Healthy, null)]
    [InlineData(200, """{"domain":{"state":"unverified"}}""", ProbeStatus.Unhealthy, ErrorCategory.ProviderUnavailable)]
    [InlineData(200, """{"domain":{"state":"disabled"}}""", ProbeStatus.Unhealthy, ErrorCategory.ProviderUnavailable)]
    [InlineData(200, "Mailgun Magnificent API", ProbeStatus.Unhealthy, ErrorCategory.Config)]
    [InlineData(401, "Forbidden", ProbeStatus.Limited, null)]
    [InlineData(403, "Forbidden", ProbeStatus.Limited, null)]
    [InlineData(404, """{"message":"Domain not found"}""", ProbeStatus.Unhealthy, ErrorCategory.Config)]
    [InlineData(500, "", ProbeStatus.Unhealthy, ErrorCategory.ProviderUnavailable)]
    public async Task A_probe_asks_for_the_domain(int status, string body, ProbeStatus found, ErrorCategory? category)
    {
        await using var bench = await MailgunBench.StartAsync(VendorReply.Answer(status, body));
        var probe = await bench.ProbeAsync();
        Assert.Equal((found, category), (probe.Status, probe.Category));
        Assert.Equal(("GET", "/v4/domains/acme.example"), (bench.Request().Method, bench.Request().Target));
    }

    private protected override Task<VendorBench> StartAsync() => MailgunBench.StartAsync();
}
