using System.Net;
using System.Net.Sockets;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.TestKit;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Mailgun;
using EmailFunctions.Tests.Providers.SendGrid;
using EmailFunctions.Tests.Providers.Ses;
using EmailFunctions.Tests.Providers.Smtp;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Outbound;

/// <summary>Every adapter that connects to what tenants name, at what it must not call and at what it must.</summary>
public sealed class OutboundAdapterTests
{
    // The ways to name the loopback listener of a test, some of which reach it on this machine's network, and some on others.
    private static readonly string[] ThisMachine =
    [
        "127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "a.localhost", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Adapters => [.. OutboundBench.Adapters];

    public static TheoryData<string> Vendors => [.. OutboundBench.Adapters.Where(static adapter => adapter != "smtp")];

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task No_trick_gets_a_connection_by_a_message_or_a_probe(string adapter)
    {
        var connector = new RecordingConnector();
        await using var bench = new OutboundBench(OutboundRules.Public, FakeNames.OfTricks().Add("mail.example.com", "8.8.8.8"), connector);
        var (tried, wrong) = (0, new List<string>());
        foreach (var host in AddressTricks.Hosts.Concat(AddressTricks.Names.Keys).Where(host => adapter == "smtp" || LeadsElsewhere(host)))
        {
            tried++;
            var port = adapter == "smtp" ? 587 : 443;
            var sent = await bench.SendAsync(adapter, host, port);
            var probe = await bench.ProbeAsync(adapter, host, port);
            if ((sent.Status, sent.Category, sent.IsNotAsked, probe.Status, probe.Category) != (Misconfigured, ErrorCategory.Config, true, ProbeStatus.Unhealthy, ErrorCategory.Config)
                || connector.Called.Count > 0 || sent.Answer is null || !sent.Answer.StartsWith("The host ", StringComparison.Ordinal))
                wrong.Add($"{host}: {sent.Status} {sent.Answer} {probe.Answer}");
        }

        Assert.Empty(wrong);
        Assert.Empty(connector.Called);
        Assert.True(tried >= 100, $"{tried} tried.");
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task A_listener_on_this_machine_sees_no_connection_unless_this_is_a_desk(string adapter)
    {
        using var listener = Listen();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        // Its port is no reason.
        var rules = OutboundRules.Public with { SmtpPorts = [port], HttpPorts = [port] };
        await using (var bench = new OutboundBench(rules))
        {
            foreach (var host in ThisMachine)
                Assert.Equal((Misconfigured, ErrorCategory.Config), await OutcomeAsync(bench.SendAsync(adapter, host, port)));
        }

        Assert.False(listener.Pending());
        await using var desk = new OutboundBench(OutboundRules.Desk);
        var sending = desk.SendAsync(adapter, "127.0.0.1", port);
        using (await listener.AcceptSocketAsync(Token))
        {
        }

        Assert.NotEqual((Misconfigured, ErrorCategory.Config), await OutcomeAsync(sending));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_redirect_is_not_followed(string adapter)
    {
        using var listener = Listen();
        var inside = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        var status = 301;
        await using var server = await VendorServer.StartAsync(_ => VendorReply.Answer(status, "", ("Location", inside)));
        var connector = new RecordingConnector { Route = _ => server.Address.Port };
        // Not even where the place that it leads to could be called.
        var rules = OutboundRules.Desk with { HttpPorts = [80] };
        await using var bench = new OutboundBench(rules, new FakeNames().Add("vendor.example", "8.8.8.8").Add("mail.example.com", "8.8.8.8"), connector);
        foreach (var redirect in new[] { 301, 302, 303, 307, 308 })
        {
            status = redirect;
            Assert.NotEqual(Sent, (await bench.SendAsync(adapter, "vendor.example", 80, "http")).Status);
            Assert.False((await bench.ProbeAsync(adapter, "vendor.example", 80, "http")).IsHealthy);
        }

        Assert.Equal(10, server.Requests.Count);
        Assert.False(listener.Pending());
        Assert.All(connector.Called, static called => Assert.Equal("8.8.8.8:80", called));
    }

    [Theory]
    [InlineData("aws_ses")]
    [InlineData("sendgrid")]
    [InlineData("mailgun")]
    public async Task An_honest_vendor_is_called_at_its_address_and_known_by_its_name(string adapter)
    {
        using var certificate = VendorServer.MakeCertificate("vendor.example");
        await using var server = await VendorServer.StartAsync(Accept, certificate);
        var connector = new RecordingConnector { Route = _ => server.Address.Port };
        var names = new FakeNames().Add("vendor.example", "8.8.8.8").Add("other.example", "9.9.9.9");
        await using var bench = new OutboundBench(OutboundRules.Public, names, connector, certificate);

        Assert.Equal(Sent, (await bench.SendAsync(adapter, "vendor.example", 443)).Status);
        Assert.Equal("vendor.example", Assert.Single(server.Requests).Header("host"));
        // Whoever answers at the address of another name is not let in.
        Assert.Equal((Misconfigured, "TLS could not be agreed on, or the server's certificate is not trusted."), await SayingAsync(bench.SendAsync(adapter, "other.example", 443)));

        Assert.Single(server.Requests);
        Assert.Equal(["8.8.8.8:443", "9.9.9.9:443"], connector.Called);
    }

    [Fact]
    public async Task An_honest_server_gets_its_mail_with_a_token_from_an_honest_endpoint()
    {
        await using var issuer = TokenIssuer.Start();
        await using var sink = SmtpSink.Start(new() { AcceptsToken = static (_, _) => true });
        var connector = new RecordingConnector { Route = called => called.Port == 80 ? new Uri(issuer.Url).Port : sink.Port };
        var names = new FakeNames().Add("mail.example.com", "8.8.8.8").Add("login.example.com", "9.9.9.9");
        await using var bench = new OutboundBench(OutboundRules.Public with { HttpPorts = [80] }, names, connector);

        Assert.Equal(Sent, (await bench.SendAsync("token", "login.example.com", 80, "http")).Status);
        Assert.Equal(["9.9.9.9:80", "8.8.8.8:587"], connector.Called);
        Assert.Single(sink.Messages);
    }

    [Fact]
    public async Task A_kept_connection_is_not_looked_up_again()
    {
        await using var sink = SmtpSink.Start();
        var connector = new RecordingConnector { Route = _ => sink.Port };
        var names = new FakeNames().Add("mail.example.com", "8.8.8.8").Add("mail.example.com", "127.0.0.1");
        await using var bench = new OutboundBench(OutboundRules.Public, names, connector);

        for (var n = 0; n < 5; n++)
            Assert.Equal(Sent, (await bench.SendAsync("smtp", "mail.example.com", 587)).Status);
        sink.DropAllConnections();
        await sink.WaitForNoConnectionsAsync(SmtpBench.Limit, Token);

        Assert.Equal((Misconfigured, ErrorCategory.Config), await OutcomeAsync(bench.SendAsync("smtp", "mail.example.com", 587)));
        Assert.Equal(["8.8.8.8:587"], connector.Called);
        Assert.Equal(5, sink.Messages.Count);
    }

    [Fact]
    public async Task What_the_operator_names_is_called_wherever_it_is()
    {
        await using var sink = SmtpSink.Start();
        var connector = new RecordingConnector { Route = _ => sink.Port };
        await using var bench = new OutboundBench(OutboundRules.Public, new FakeNames().Add("relay", "10.0.0.1"), connector);

        Assert.Equal((Misconfigured, ErrorCategory.Config), await OutcomeAsync(bench.SendAsync("smtp", "relay", 10_025)));
        Assert.Equal(Sent, (await bench.SendAsync("smtp", "relay", 10_025, owner: "system")).Status);
        Assert.Equal(["10.0.0.1:10025"], connector.Called);
    }

    [Fact]
    public async Task Neither_a_proxy_nor_a_redirect_is_heeded()
    {
        await using var bench = new OutboundBench(OutboundRules.Public);
        var handler = bench.Handler;
        while (handler is DelegatingHandler outer)
            handler = outer.InnerHandler!;
        var sockets = Assert.IsType<SocketsHttpHandler>(handler);
        Assert.Equal((false, false, false), (sockets.UseProxy, sockets.AllowAutoRedirect, sockets.UseCookies));
    }

    private static VendorReply Accept(VendorRequest request) => request.Target switch
    {
        "/v2/email/outbound-emails" => SesBench.Accepted,
        "/v3/mail/send" => SendGridBench.Accepted,
        _ => MailgunBench.Accepted,
    };

    // In a URL some of the tricks are another host's path, port or fragment, or no URL at all; and one is an octal number of a public address.
    private static bool LeadsElsewhere(string host) =>
        Uri.TryCreate($"https://{AddressTricks.InUrl(host)}:443/", UriKind.Absolute, out var uri) && uri is not { IdnHost: "mail.example.com" or "87.0.0.1" };

    private static async Task<(SendStatus, ErrorCategory?)> OutcomeAsync(Task<SendResult> sending)
    {
        var result = await sending;
        return (result.Status, result.Category);
    }

    private static async Task<(SendStatus, string?)> SayingAsync(Task<SendResult> sending)
    {
        var result = await sending;
        return (result.Status, result.Answer);
    }

    private static TcpListener Listen()
    {
        // Of both families, so that it would hear whatever means this machine.
        var listener = TcpListener.Create(0);
        listener.Start();
        return listener;
    }
}
