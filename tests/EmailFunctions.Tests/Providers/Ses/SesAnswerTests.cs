using Amazon.Runtime;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Ses;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;

namespace EmailFunctions.Tests.Providers.Ses;

public sealed class SesAnswerTests : AnswerContract
{
    private const string Throttled = "Throttled: `TooManyRequestsException`, `ThrottlingException`, or 429";
    private const string UsedUp = "Throttled, by the daily quota (`Daily message quota exceeded`); `LimitExceededException`";
    private const string Paused = "`AccountSuspendedException`, `SendingPausedException`, or `MessageRejected` that says so";
    private const string Address = "`MessageRejected` about an address (`Email address is not verified`)";
    private const string BadAddress = "`BadRequestException` about an address";
    private const string Clock = "A clock that is wrong, here or there: `RequestTimeTooSkewed`, `RequestExpired`, or a signature that is `expired` or `not yet current`";
    private const string Auth = "Signature, key or token refused, or access denied: 401, 403, or by name";
    private const string NotSes = "A redirect, 404 or 405: the endpoint is not SES";
    private const string Broken = "408, or 5xx";

    private static readonly TimeSpan RateWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuotaWait = TimeSpan.FromMinutes(15);

    private static readonly Provocation[] List =
    [
        Provocation.Beforehand("Not asked: the account has no keys, and may not use the service's own", static account => account with { Secrets = ProviderSecrets.None }),
        new("no role", "Not asked: the service's own credentials can't be had", static _ => SendWithoutOwnAsync()),
        Provocation.Beforehand("Not asked: `aws_region` is missing, or no region's name", static account => account with { Settings = account.Settings with { AwsRegion = "x" } }),
        Provocation.Beforehand("Not asked: the sender, the reply address or each of the recipients has characters beyond ASCII before its at sign, which SES does not take", static account => account, Emails.Small with { To = ["jürgen@example.com"] }),
        Provocation.Answer("200 with a `MessageId`", SesBench.Accepted),
        Provocation.Answer("200 without one: not SES, or cut off", VendorReply.Answer(200, "<html>")),
        Provocation.Answer("200 without one: not SES, or cut off", VendorReply.Answer(200, SesBench.Accepted.Body[..12])),
        Provocation.Answer(Paused, Error(400, "AccountSuspendedException", "Your account is suspended.")),
        Provocation.Answer(Paused, Error(400, "SendingPausedException", "Sending paused for this account.")),
        Provocation.Answer(Paused, Error(400, "MessageRejected", "Sending suspended for this account.")),
        Provocation.Answer(UsedUp, Error(400, "LimitExceededException", "Too many of them."), QuotaWait),
        Provocation.Answer(UsedUp, Error(429, "TooManyRequestsException", "Daily message quota exceeded."), QuotaWait),
        Provocation.Answer(UsedUp, Error(400, "ThrottlingException", "Daily message quota exceeded."), QuotaWait),
        Provocation.Answer(Throttled, Error(429, "TooManyRequestsException", "Maximum sending rate exceeded."), RateWait),
        Provocation.Answer(Throttled, Error(400, "Throttling", "Rate exceeded"), RateWait),
        Provocation.Answer(Throttled, VendorReply.Answer(429, "", ("Retry-After", "17")), TimeSpan.FromSeconds(17)),
        Provocation.Answer(Throttled, VendorReply.Answer(429, "", ("Retry-After", "0")), RateWait),
        Provocation.Answer(Throttled, VendorReply.Answer(429, "", ("Retry-After", "Sat, 14 Mar 2026 15:08:26 GMT")), RateWait),
        Provocation.Answer("`MailFromDomainNotVerifiedException`", Error(400, "MailFromDomainNotVerifiedException", "Not verified.")),
        Provocation.Answer("`MessageRejected` that names the sender (`Email address is not verified`)", Error(400, "MessageRejected", $"Email address is not verified. The following identities failed the check in region EU-WEST-1: {Emails.Sender}")),
        Provocation.Answer(Address, Error(400, "MessageRejected", "Email address is not verified. The following identities failed the check in region EU-WEST-1: to@example.com")),
        Provocation.Answer("`MessageRejected`", Error(400, "MessageRejected", "Message contains a virus.")),
        Provocation.Answer(BadAddress, Error(400, "BadRequestException", "Illegal address")),
        Provocation.Answer(BadAddress, Error(400, "BadRequestException", "Domain contains illegal character")),
        Provocation.Answer("`BadRequestException`", Error(400, "BadRequestException", "Transaction failed: Duplicate header 'Sender'.")),
        Provocation.Answer("`NotFoundException`: the configuration set", Error(404, "NotFoundException", "Configuration set <mine> does not exist.")),
        Provocation.Answer(Clock, Error(400, "RequestTimeTooSkewed", "The difference is too large.")),
        Provocation.Answer(Clock, Error(403, "RequestExpired", "Request has expired.")),
        Provocation.Answer(Clock, Error(403, "InvalidSignatureException", "Signature expired: 20260314T150926Z is now earlier than 20260314T160000Z")),
        Provocation.Answer(Clock, Error(403, "SignatureDoesNotMatch", "Signature not yet current: 20260314T150926Z is still later than 20260314T140000Z")),
        new("the service's own token", "`ExpiredToken` of the service's own credentials, which are renewed", static _ => SendWithOwnAsync(Error(403, "ExpiredTokenException", "The security token included in the request is expired"))),
        Provocation.Answer(Auth, Error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")),
        Provocation.Answer(Auth, Error(403, "UnrecognizedClientException", "The security token included in the request is invalid.")),
        Provocation.Answer(Auth, Error(403, "AccessDeniedException", "User: arn:aws:iam::1:user/me is not authorized to perform: ses:SendRawEmail")),
        Provocation.Answer(Auth, Error(403, "InvalidSignatureException", "The request signature we calculated does not match.")),
        Provocation.Answer(Auth, Error(400, "ExpiredTokenException", "The security token included in the request is expired")),
        Provocation.Answer(Auth, VendorReply.Answer(401)),
        Provocation.Answer("413", VendorReply.Answer(413, "Request entity too large")),
        Provocation.Answer(NotSes, VendorReply.Answer(302, "", ("Location", "https://example.com/"))),
        Provocation.Answer(NotSes, Error(404, "UnknownOperationException", "")),
        Provocation.Answer(NotSes, VendorReply.Answer(405)),
        Provocation.Answer(Broken, VendorReply.Answer(500, """{"__type":"InternalFailure"}""")),
        Provocation.Answer(Broken, VendorReply.Answer(503, "Slow down", ("Retry-After", "Sat, 14 Mar 2026 15:10:26 GMT")), TimeSpan.FromMinutes(1)),
        Provocation.Answer(Broken, VendorReply.Answer(408)),
        Provocation.Answer("Anything else", Error(400, "BrandNewException", "No idea.")),
        .. Provocation.WithoutAnswer(),
    ];

    public static TheoryData<Provocation> All => new(List);

    private protected override IReadOnlyList<AnswerRow> Answers => SesAnswers.Answers;

    private protected override IReadOnlyList<Provocation> Provocations => List;

    [Theory]
    [MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public Task A_row_comes_to_what_it_says(Provocation provocation) => AssertProvokedAsync(provocation);

    [Theory]
    [InlineData("""{"__type":"MessageRejected","message":"Not now."}""", null)]
    [InlineData("""{"__type":"com.amazonaws.ses#MessageRejected","Message":"Not now."}""", null)]
    [InlineData("""{"message":"Not now."}""", "MessageRejected:http://internal.amazon.com/coral/com.amazonaws.ses/")]
    [InlineData("""{"message":"Not now."}""", "com.amazonaws.ses#MessageRejected:http://internal.amazon.com/")]
    public async Task An_errors_name_is_found_in_the_header_or_the_body_and_freed_of_what_surrounds_it(string body, string? header)
    {
        var reply = header is null ? VendorReply.Answer(400, body) : VendorReply.Answer(400, body, ("x-amzn-ErrorType", header));
        await using var bench = await SesBench.StartAsync(reply);
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Content, "400 MessageRejected Not now."), (result.Status, result.Category, result.Answer));
    }

    [Theory]
    [InlineData("sales@acme.example", "sales@acme.example", true)]
    [InlineData("sales@acme.example", "SALES@ACME.EXAMPLE.", true)]
    [InlineData("sales@acme.example", "to@example.com, sales@acme.example, cc@example.com", true)]
    [InlineData("sales@acme.example", "'sales@acme.example'", true)]
    [InlineData("sales@acme.example", "Sales <sales@acme.example>", true)]
    [InlineData("info@bücher.example", "info@xn--bcher-kva.example", true)]
    [InlineData("sales@acme.example", "more.sales@acme.example", false)]
    [InlineData("sales@acme.example", "pre-sales@acme.example, to@example.com", false)]
    [InlineData("sales@acme.example", "sales@acme.example.com", false)]
    [InlineData("sales@acme.example", "sales@acme.example-2.com", false)]
    public async Task A_rejection_is_the_senders_only_where_it_names_the_sender_and_no_longer_address(string sender, string named, bool isTheSenders)
    {
        await using var bench = await SesBench.StartAsync(Error(400, "MessageRejected", $"Email address is not verified. The following identities failed the check in region EU-WEST-1: {named}"));
        var result = await bench.SendAsync(Emails.Small with { FromEmail = sender });
        Assert.Equal(isTheSenders ? (SendStatus.Misconfigured, ErrorCategory.Config) : (SendStatus.Permanent, ErrorCategory.Recipient), (result.Status, result.Category!.Value));
    }

    private protected override Task<VendorBench> StartAsync() => SesBench.StartAsync();

    private static VendorReply Error(int status, string name, string message) =>
        VendorReply.Answer(status, $$"""{"message":"{{message}}"}""", ("x-amzn-ErrorType", name));

    private static Task<SendResult> SendWithoutOwnAsync() => SendAsync(static () => throw new IOException("no role"), SesBench.Accepted);

    private static Task<SendResult> SendWithOwnAsync(VendorReply reply) =>
        SendAsync(static () => Task.FromResult<AWSCredentials>(new SessionAWSCredentials("ASIDEXAMPLE", "secret", "token")), reply);

    private static async Task<SendResult> SendAsync(Func<Task<AWSCredentials>> own, VendorReply reply)
    {
        await using var bench = await VendorBench.StartAsync(
            bench => new SesProvider(bench.Caller, new SesCredentials(new SesOptions(AllowDefaultCredentials: true), bench.Clock) { Own = own }, bench.Clock),
            SesBench.Settings,
            ProviderSecrets.None,
            reply);
        return await bench.SendAsync();
    }
}
