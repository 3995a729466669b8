using System.Text;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Ses;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>An answer that quotes what it refuses tells nobody's keys and nobody's address.</summary>
public sealed class SecretsTests
{
    private static readonly ProviderSecrets All = new()
    {
        ApiKey = "SG.abc/def+ghi=",
        AwsAccessKey = "AKIDEXAMPLE",
        AwsSecretKey = "wJalrXUtnFEMI/K7MDENG",
        AwsSessionToken = "FwoGZXIvYXdz/token+with=signs",
    };

    public static TheoryData<string> Quotes =>
    [
        "Bad key SG.abc/def+ghi=",
        "Credential=AKIDEXAMPLE/20260314",
        "x-amz-security-token:FwoGZXIvYXdz/token+with=signs host",
        "X-Amz-Security-Token=" + Uri.EscapeDataString("FwoGZXIvYXdz/token+with=signs"),
        "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("api:SG.abc/def+ghi=")),
        "key wJalrXUtnFEMI/K7MDENG and AKIDEXAMPLE",
    ];

    [Theory]
    [MemberData(nameof(Quotes))]
    public void A_quoted_secret_is_removed_in_each_of_its_forms(string quote)
    {
        var text = Secrets.Remove(quote, All);
        Assert.Contains("<secret>", text, StringComparison.Ordinal);
        foreach (var secret in new[] { "SG.abc", "AKIDEXAMPLE", "wJalr", "FwoGZX", Convert.ToBase64String(Encoding.UTF8.GetBytes("api:SG.abc/def")) })
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
