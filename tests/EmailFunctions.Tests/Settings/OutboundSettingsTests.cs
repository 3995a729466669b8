using System.Net;
using EmailFunctions.Outbound;
using EmailFunctions.Settings;
using Microsoft.Extensions.Configuration;

namespace EmailFunctions.Tests.Settings;

/// <summary>Which places the deployment lets tenants name.</summary>
public sealed class OutboundSettingsTests
{
    private const string Development = "EMAIL_MODE=azure|FUNCTIONS_CUSTOMHANDLER_PORT=1|AzureWebJobsStorage=UseDevelopmentStorage=true|EMAIL_QUEUE=storagequeue|EMAIL_ENCRYPTION_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    private const string Azure = "EMAIL_MODE=azure|FUNCTIONS_CUSTOMHANDLER_PORT=1|AzureWebJobsStorage:accountName=mine|EMAIL_QUEUE=storagequeue|EMAIL_KEY_VAULT_KEY=https://mine.vault.azure.net/keys/email";

    [Fact]
    public void This_machine_may_be_named_where_whoever_calls_is_on_it()
    {
        Assert.True(Read("").AllowsLoopback);
        Assert.True(Read("EMAIL_AUTH=none").AllowsLoopback);
        Assert.False(Read("EMAIL_AUTH=required").AllowsLoopback);
        Assert.True(Read(Development + "|EMAIL_AUTH=none").AllowsLoopback);
        Assert.True(Read(Development + "|EMAIL_AUTH=required").AllowsLoopback);
        Assert.False(Read(Azure).AllowsLoopback);
        // What is validated and what is called are the same rules.
        var settings = ReadAll(Azure);
        Assert.Same(settings.Outbound, settings.ConfigRules.Outbound);
    }

    [Fact]
    public void Ports_are_added_to_the_usual_ones()
    {
        var rules = Read("EMAIL_SMTP_EXTRA_PORTS=2526, 587 ,10025|EMAIL_HTTPS_EXTRA_PORTS=8443");
        Assert.Equal([25, 465, 587, 2465, 2525, 2587, 2526, 10_025], rules.SmtpPorts);
        Assert.Equal([443, 8443], rules.HttpPorts);
        Assert.Equal([443], Read("").HttpPorts);
        Assert.Equal([443, 80], Read("EMAIL_ALLOW_HTTP_ENDPOINTS=true").HttpPorts);
    }

    [Theory]
    [InlineData("relay.corp.internal", "relay.corp.internal", null, null)]
    [InlineData("RELAY.Corp.Internal:2525", "relay.corp.internal", null, 2525)]
    [InlineData("mailpit:1025", "mailpit", null, 1025)]
    [InlineData("localhost", "localhost", null, null)]
    [InlineData("bücher.example", "xn--bcher-kva.example", null, null)]
    [InlineData("10.1.0.0/16", null, "10.1.0.0/16", null)]
    [InlineData("10.1.0.0/16:25", null, "10.1.0.0/16", 25)]
    [InlineData("10.1.2.3", null, "10.1.2.3/32", null)]
    [InlineData("10.1.2.3:25", null, "10.1.2.3/32", 25)]
    [InlineData("fd12::/48", null, "fd12::/48", null)]
    [InlineData("[fd12::/48]:25", null, "fd12::/48", 25)]
    [InlineData("[fd12::1]:25", null, "fd12::1/128", 25)]
    [InlineData("[fd12::1]", null, "fd12::1/128", null)]
    [InlineData("fd12::1", null, "fd12::1/128", null)]
    [InlineData("127.0.0.0/8", null, "127.0.0.0/8", null)]
    [InlineData("0.0.0.0/0", null, "0.0.0.0/0", null)]
    public void A_host_or_a_network_is_allowed_at_any_port_or_at_one(string text, string? name, string? network, int? port)
    {
        var place = Assert.Single(Read("EMAIL_ALLOWED_PRIVATE_HOSTS=" + text).Allowed);
        Assert.Equal((name, network is null ? (IPNetwork?)null : IPNetwork.Parse(network), port), (place.Name, place.Network, place.Port));
    }

    [Fact]
    public void Several_are_allowed_with_commas_between_them() =>
        Assert.Equal(["relay", null, "mail.example.com"], Read("EMAIL_ALLOWED_PRIVATE_HOSTS= relay, 10.0.0.0/8:25 ,,mail.example.com ").Allowed.Select(static place => place.Name));

    [Theory]
    [InlineData("10.1.2.3/16")]
    [InlineData("10.1/16")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("10.0.0.0/8:0")]
    [InlineData("10.0.0.0/8:65536")]
    [InlineData("relay:smtp")]
    [InlineData("relay:")]
    [InlineData(":25")]
    [InlineData("*.corp.internal")]
    [InlineData("0x7f.1")]
    [InlineData("127.1")]
    [InlineData("relay corp")]
    [InlineData("https://relay.corp.internal")]
    [InlineData("[fd12::1")]
    [InlineData("[fd12::1]25")]
    [InlineData("fe80::1%eth0")]
    [InlineData("relay;other")]
    public void What_is_no_place_stops_the_start(string text)
    {
        var mistake = Assert.Single(MistakesOf("EMAIL_ALLOWED_PRIVATE_HOSTS=mail.example.com," + text));
        Assert.StartsWith("EMAIL_ALLOWED_PRIVATE_HOSTS must be hosts and networks", mistake, StringComparison.Ordinal);
        Assert.Contains(text, mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.169.254:80")]
    [InlineData("169.254.0.0/16")]
    [InlineData("168.63.129.16")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::/64")]
    [InlineData("224.0.0.0/4")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public void What_is_never_called_can_not_be_allowed(string text) =>
        Assert.StartsWith($"EMAIL_ALLOWED_PRIVATE_HOSTS can't allow {text}: ", Assert.Single(MistakesOf("EMAIL_ALLOWED_PRIVATE_HOSTS=" + text)), StringComparison.Ordinal);

    [Theory]
    [InlineData("EMAIL_SMTP_EXTRA_PORTS", "0")]
    [InlineData("EMAIL_SMTP_EXTRA_PORTS", "65536")]
    [InlineData("EMAIL_SMTP_EXTRA_PORTS", "smtp")]
    [InlineData("EMAIL_HTTPS_EXTRA_PORTS", "8443-8444")]
    [InlineData("EMAIL_HTTPS_EXTRA_PORTS", "8443;8444")]
    public void What_is_no_port_stops_the_start(string name, string text) =>
        Assert.Equal([$"{name} must be numbers of ports, 1 to 65535, with commas between them."], MistakesOf($"{name}={text}"));

    private static string[] MistakesOf(string settings) => Assert.Throws<SettingsException>(() => Read(settings)).Message.Split("\n  - ")[1..];

    private static OutboundRules Read(string settings) => ReadAll(settings).Outbound;

    private static ServiceSettings ReadAll(string settings)
    {
        var values = settings.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(static setting => setting.Split('=', 2)).ToDictionary(static parts => parts[0], static parts => (string?)parts[1]);
        return ServiceSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
    }
}
