using System.Text;
using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Ses;

namespace EmailFunctions.Tests.Providers;

/// <summary>An answer that quotes what it refuses tells nobody's keys and nobody's address.</summary>
public sealed class SecretsTests
{
    private static readonly ProviderSecrets All = new()
    {
        ApiKey = "SG.abc/def+ghi=",
        AwsAccessKey = "AKIDEXAMPLE",
        AwsSecretKey = "wJalrXUtnFEMI/K7MDENG",
        AwsSessionToken = "FwoGZXIvYXdz/token+with=signs",
        SmtpPassword = "pass word 7f3a",
        SmtpOAuthClientSecret = "client~secret",
        SmtpOAuthRefreshToken = "0.refresh-token",
    };

    private static readonly ProviderAccount Account = Emails.Account(new ProviderSettings { Type = ProviderType.Smtp, SmtpUsername = "acme" }) with { Secrets = All };

    public static TheoryData<string> Quotes =>
    [
        "Bad key SG.abc/def+ghi=",
        "Credential=AKIDEXAMPLE/20260314",
        "x-amz-security-token:FwoGZXIvYXdz/token+with=signs host",
        "X-Amz-Security-Token=" + Uri.EscapeDataString("FwoGZXIvYXdz/token+with=signs"),
        "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("api:SG.abc/def+ghi=")),
        "key wJalrXUtnFEMI/K7MDENG and AKIDEXAMPLE",
        "535 what is pass word 7f3a?",
        "501 AUTH PLAIN " + Convert.ToBase64String("\0acme\0pass word 7f3a"u8),
        "501 " + Convert.ToBase64String("pass word 7f3a"u8),
        "client~secret or 0.refresh-token",
    ];

    [Theory]
    [MemberData(nameof(Quotes))]
    public void A_quoted_secret_is_removed_in_each_of_its_forms(string quote)
    {
        var text = Secrets.Remove(quote, Account);
        Assert.Contains("<secret>", text, StringComparison.Ordinal);
        foreach (var secret in new[] { "SG.abc", "AKIDEXAMPLE", "wJalr", "FwoGZX", "pass word", Convert.ToBase64String("pass word"u8)[..10], Convert.ToBase64String("\0acme\0pass"u8)[..10], "client~", "refresh-", Convert.ToBase64String(Encoding.UTF8.GetBytes("api:SG.abc/def")) })
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_that_quotes_key_token_and_recipient_is_kept_without_them()
    {
        var secrets = SesBench.Secrets with { AwsSessionToken = All.AwsSessionToken };
        var message = $"AKIDEXAMPLE with {All.AwsSessionToken} may not send to to@example.com\\nThe Canonical String was x-amz-security-token:{All.AwsSessionToken}";
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(403, $$"""{"message":"{{message}}"}"""), secrets: secrets);
        var result = await bench.SendAsync();
        Assert.Equal("403 <secret> with <secret> may not send to <address>", result.Answer);
    }
}
