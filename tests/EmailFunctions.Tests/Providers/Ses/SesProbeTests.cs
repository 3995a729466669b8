using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Providers.Ses;

/// <summary>What a probe finds (docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html).</summary>
public sealed class SesProbeTests
{
    private const string Quota = """{"SendingEnabled":true,"EnforcementStatus":"HEALTHY","SendQuota":{"Max24HourSend":$MAX,"MaxSendRate":14,"SentLast24Hours":$SENT}}""";

    [Theory]
    [InlineData("200", "199.5", true)]
    [InlineData("-1", "1000000", true)]
    [InlineData("200", "200", false)]
    [InlineData("200.0", "250", false)]
    [InlineData("0", "0", false)]
    public async Task An_account_is_healthy_while_its_quota_lasts(string max, string sent, bool healthy)
    {
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(200, Quota.Replace("$MAX", max, StringComparison.Ordinal).Replace("$SENT", sent, StringComparison.Ordinal)));
        var probe = await bench.ProbeAsync();
        Assert.Equal((healthy, healthy ? null : ErrorCategory.Quota), (probe.IsHealthy, probe.Category));
        Assert.Equal(("GET", "/v2/email/account"), (bench.Request().Method, bench.Request().Target));
    }

    [Theory]
    [InlineData("""{"SendingEnabled":false}""", ErrorCategory.ProviderUnavailable)]
    [InlineData("""{"SendingEnabled":true,"EnforcementStatus":"SHUTDOWN"}""", ErrorCategory.ProviderUnavailable)]
    [InlineData("<html>", ErrorCategory.Config)]
    [InlineData("[]", ErrorCategory.Config)]
    [InlineData("{}", ErrorCategory.Config)]
    public async Task An_account_that_may_not_send_is_unhealthy(string body, ErrorCategory category)
    {
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(200, body));
        var probe = await bench.ProbeAsync();
        Assert.Equal((ProbeStatus.Unhealthy, category), (probe.Status, probe.Category));
    }

    [Theory]
    [InlineData(403, "AccessDeniedException", ProbeStatus.Limited, null)]
    [InlineData(403, "InvalidSignatureException", ProbeStatus.Unhealthy, ErrorCategory.Auth)]
    [InlineData(403, "UnrecognizedClientException", ProbeStatus.Unhealthy, ErrorCategory.Auth)]
    [InlineData(429, "TooManyRequestsException", ProbeStatus.Unhealthy, ErrorCategory.RateLimited)]
    [InlineData(500, "InternalFailure", ProbeStatus.Unhealthy, ErrorCategory.ProviderUnavailable)]
    public async Task A_key_that_may_not_ask_is_not_unhealthy_and_a_wrong_one_is(int status, string name, ProbeStatus found, ErrorCategory? category)
    {
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(status, $$"""{"__type":"{{name}}"}"""));
        var probe = await bench.ProbeAsync();
        Assert.Equal((found, category, $"{status} {name}"), (probe.Status, probe.Category, probe.Answer));
    }
}
