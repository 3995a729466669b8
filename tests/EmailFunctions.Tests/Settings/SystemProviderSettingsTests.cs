using EmailFunctions.Providers;
using EmailFunctions.Settings;
using Microsoft.Extensions.Configuration;

namespace EmailFunctions.Tests.Settings;

/// <summary>The system default provider can be each of the vendors, by the names that their own tools use.</summary>
public sealed class SystemProviderSettingsTests
{
    [Fact]
    public void Amazon_ses_takes_region_keys_and_token()
    {
        var account = Read("EMAIL_BACKEND=aws_ses|AWS_REGION=eu-west-1|AWS_ACCESS_KEY_ID=AKID|AWS_SECRET_ACCESS_KEY=secret|AWS_SESSION_TOKEN=token");
        Assert.Equal((ProviderType.AwsSes, "eu-west-1", "hello@example.com"), (account.Settings.Type, account.Settings.AwsRegion, account.Settings.FromEmail));
        Assert.Equal(("AKID", "secret", "token"), (account.Secrets.AwsAccessKey, account.Secrets.AwsSecretKey, account.Secrets.AwsSessionToken));
        Assert.Equal(ProviderCatalog.DefaultCost(ProviderType.AwsSes), account.Settings.CostPerEmailUsd);
    }

    [Fact]
    public void Without_keys_it_uses_the_services_own_where_that_is_allowed()
    {
        var account = Read("EMAIL_BACKEND=ses|AWS_REGION=eu-west-1|AWS_SESSION_TOKEN=token|EMAIL_AWS_DEFAULT_CREDENTIALS=true");
        Assert.Equal((null, null, null), (account.Secrets.AwsAccessKey, account.Secrets.AwsSecretKey, account.Secrets.AwsSessionToken));
    }

    [Theory]
    [InlineData("sendgrid", "SENDGRID_API_KEY", ProviderType.SendGrid)]
    [InlineData("Mailgun", "MAILGUN_API_KEY", ProviderType.Mailgun)]
    public void The_others_take_their_key(string backend, string setting, ProviderType type)
    {
        var account = Read($"EMAIL_BACKEND={backend}|{setting}=key-123");
        Assert.Equal((type, "key-123"), (account.Settings.Type, account.Secrets.ApiKey));
    }

    private static ProviderAccount Read(string settings)
    {
        var values = ("EMAIL_FROM_EMAIL=hello@example.com|" + settings).Split('|').Select(static setting => setting.Split('=', 2)).ToDictionary(static parts => parts[0], static parts => (string?)parts[1]);
        return ServiceSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build()).SystemProvider.Account;
    }
}
