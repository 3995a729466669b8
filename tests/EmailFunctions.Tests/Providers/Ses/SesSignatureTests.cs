using System.Security.Cryptography;
using Amazon.Runtime;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Ses;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;

namespace EmailFunctions.Tests.Providers.Ses;

public sealed class SesSignatureTests
{
    private static readonly ProviderSecrets Temporary = SesBench.Secrets with { AwsSessionToken = "FwoGZXIvYXdzEXAMPLE/token+with=signs" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The known vector that the vendor's test suite calls get-vanilla (AWS Signature Version 4 test suite): the checking code itself is right.
    [Fact]
    public void The_independent_code_agrees_with_the_vendors_known_vector()
    {
        var authorization = new SigV4.Authorization("AKIDEXAMPLE", "20150830", "us-east-1", "service", [], "");
        var signature = SigV4.Signature(
            "GET", "/", [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")], SigV4.Hex(SHA256.HashData([])), "20150830T123600Z", authorization, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        Assert.Equal("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", signature);
    }

    [Fact]
    public async Task The_signature_is_that_of_the_specification_over_the_body_that_was_sent()
    {
        await using var bench = await SesBench.StartAsync();
        await bench.SendAsync(RichEmail.Content with { To = ["to@example.com"] });
        AssertSigned(bench.Request(), "content-type", "host", "x-amz-content-sha256", "x-amz-date");
    }

    [Fact]
    public async Task A_session_token_is_sent_and_signed()
    {
        await using var bench = await SesBench.StartAsync(secrets: Temporary);
        await bench.SendAsync();
        var request = bench.Request();
        Assert.Equal(Temporary.AwsSessionToken, request.Header("x-amz-security-token"));
        AssertSigned(request, "content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token");
    }

    [Fact]
    public async Task A_probe_is_signed_too()
    {
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(200, """{"SendingEnabled":true}"""));
        Assert.Equal(ProbeResult.Healthy, await bench.ProbeAsync());
        AssertSigned(bench.Request(), "host", "x-amz-content-sha256", "x-amz-date");
    }

    [Fact]
    public async Task The_time_and_the_region_are_the_services_and_the_accounts()
    {
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { AwsRegion = "ap-southeast-2" });
        await bench.SendAsync();
        var request = bench.Request();
        Assert.Equal("20260314T150926Z", request.Header("x-amz-date"));
        var authorization = SigV4.Authorization.Parse(request.Header("authorization"));
        Assert.Equal(("20260314", "ap-southeast-2", "ses"), (authorization.Date, authorization.Region, authorization.Service));
    }

    [Fact]
    public async Task An_endpoint_with_a_path_is_signed_with_its_path()
    {
        await using var server = await VendorServer.StartAsync(static _ => SesBench.Accepted);
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { ApiEndpoint = $"{server.Address}mail/ses/" });
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        var request = Assert.Single(server.Requests);
        Assert.Equal("/mail/ses/v2/email/outbound-emails", request.Target);
        AssertSigned(request, "content-type", "host", "x-amz-content-sha256", "x-amz-date");
    }

    [Fact]
    public async Task An_account_without_keys_sends_with_the_services_own_where_the_deployment_allows_it()
    {
        await using var bench = await VendorBench.StartAsync(
            static bench => new SesProvider(
                bench.Caller,
                new SesCredentials(new SesOptions(AllowDefaultCredentials: true), bench.Clock) { Own = static () => Task.FromResult<AWSCredentials>(new SessionAWSCredentials("AKIDOWN", "own secret", "own token")) },
                bench.Clock),
            SesBench.Settings,
            ProviderSecrets.None,
            SesBench.Accepted);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        var request = bench.Request();
        Assert.Equal(("own token", "AKIDOWN"), (request.Header("x-amz-security-token"), SigV4.Authorization.Parse(request.Header("authorization")).AccessKey));
        Assert.Equal(SigV4.Expected(request, "own secret"), SigV4.Authorization.Parse(request.Header("authorization")).Signature);
    }

    [Theory]
    [InlineData(false, null, null)]
    [InlineData(true, "AKIDEXAMPLE", null)]
    [InlineData(true, null, "secret")]
    public async Task Otherwise_it_does_not_send(bool allowed, string? key, string? secret)
    {
        await using var bench = await SesBench.StartAsync(secrets: new ProviderSecrets { AwsAccessKey = key, AwsSecretKey = secret }, ses: new SesOptions(allowed));
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Misconfigured, ErrorCategory.Auth), (result.Status, result.Category));
        Assert.Equal(ErrorCategory.Auth, (await bench.ProbeAsync()).Category);
        Assert.Empty(bench.Server.Requests);
    }

    [Fact]
    public async Task Own_credentials_that_can_not_be_had_now_are_no_reason_to_give_up()
    {
        var credentials = new SesCredentials(new SesOptions(AllowDefaultCredentials: true), TimeProvider.System) { Own = static () => throw new AmazonClientException("no role at 169.254.169.254") };
        var exception = await Assert.ThrowsAsync<CredentialsUnavailableException>(() => credentials.FindAsync(ProviderSecrets.None, Token));
        Assert.DoesNotContain("169", exception.ToString(), StringComparison.Ordinal);
    }

    private static void AssertSigned(VendorRequest request, params string[] headers)
    {
        var authorization = SigV4.Authorization.Parse(request.Header("authorization"));
        Assert.Equal(headers, authorization.SignedHeaders);
        Assert.Equal(SesBench.Secrets.AwsAccessKey, authorization.AccessKey);
        Assert.Equal(SigV4.Hex(SHA256.HashData(request.Body)), request.Header("x-amz-content-sha256"));
        Assert.Equal(SigV4.Expected(request, SesBench.Secrets.AwsSecretKey!), authorization.Signature);
    }
}
