using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Encryption: what the configuration asks for is had, or nothing is sent.</summary>
public sealed class SmtpTlsTests
{
    [Theory]
    [InlineData(SmtpSinkTls.StartTls)]
    [InlineData(SmtpSinkTls.Implicit)]
    public async Task Mail_goes_encrypted_to_a_server_whose_authority_is_trusted(SmtpSinkTls tls)
    {
        using var certificate = Certificate("127.0.0.1");
        await using var bench = Trusting(certificate, tls);
        var result = await bench.SendAsync(settings: Encrypted(bench, tls));
        Assert.True(result.Status == Sent, result.ToString());
        Assert.True(Assert.Single(bench.Sink.Messages).Encrypted);
        Assert.Equal(ProbeResult.Healthy, await bench.ProbeAsync(Encrypted(bench, tls)));
    }

    [Theory]
    [InlineData(SmtpSinkTls.StartTls)]
    [InlineData(SmtpSinkTls.Implicit)]
    public async Task A_certificate_that_nobody_vouches_for_is_refused(SmtpSinkTls tls)
    {
        await using var bench = new SmtpBench(new() { Tls = tls });
        await AssertRefusedAsync(bench, tls);
    }

    [Theory]
    [InlineData(SmtpSinkTls.StartTls)]
    [InlineData(SmtpSinkTls.Implicit)]
    public async Task A_certificate_of_another_authority_than_the_trusted_is_refused(SmtpSinkTls tls)
    {
        using var other = Certificate("127.0.0.1");
        await using var bench = new SmtpBench(new() { Tls = tls }, new SmtpOptions { ExtraAuthorities = [other] });
        await AssertRefusedAsync(bench, tls);
    }

    [Fact]
    public async Task A_trusted_certificate_of_another_host_is_refused()
    {
        using var certificate = Certificate("192.0.2.1");
        await using var bench = Trusting(certificate, SmtpSinkTls.Implicit);
        await AssertRefusedAsync(bench, SmtpSinkTls.Implicit);
    }

    [Fact]
    public async Task A_trusted_certificate_that_has_expired_is_refused()
    {
        using var certificate = Certificate("127.0.0.1", expired: true);
        await using var bench = Trusting(certificate, SmtpSinkTls.Implicit);
        await AssertRefusedAsync(bench, SmtpSinkTls.Implicit);
    }

    [Fact]
    public async Task Starttls_that_is_not_offered_is_never_done_without()
    {
        await using var bench = new SmtpBench();
        var result = await bench.SendAsync(settings: Encrypted(bench, SmtpSinkTls.StartTls));
        Assert.Equal((Misconfigured, Config), (result.Status, result.Category));
        Assert.Empty(bench.Sink.Messages);
    }

    [Fact]
    public async Task A_server_in_plain_text_where_tls_is_expected_is_a_mistake_in_the_configuration()
    {
        await using var bench = new SmtpBench();
        var result = await bench.SendAsync(settings: Encrypted(bench, SmtpSinkTls.Implicit));
        Assert.Equal((Misconfigured, Config), (result.Status, result.Category));
    }

    [Fact]
    public async Task A_connection_lost_in_the_handshake_is_no_mistake_in_the_configuration()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var bench = new SmtpBench();
        var settings = Encrypted(bench, SmtpSinkTls.Implicit) with { SmtpPort = ((IPEndPoint)listener.LocalEndpoint).Port };
        var sending = bench.SendAsync(settings: settings);
        using (var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken))
            await accepted.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);
        var result = await sending;
        Assert.Equal((Transient, Network), (result.Status, result.Category));
    }

    private static async Task AssertRefusedAsync(SmtpBench bench, SmtpSinkTls tls)
    {
        var result = await bench.SendAsync(settings: Encrypted(bench, tls));
        Assert.Equal((Misconfigured, Config), (result.Status, result.Category));
        var probe = await bench.ProbeAsync(Encrypted(bench, tls));
        Assert.Equal((false, Config), (probe.IsHealthy, probe.Category));
        Assert.Empty(bench.Sink.Messages);
    }

    private static ProviderSettings Encrypted(SmtpBench bench, SmtpSinkTls tls) =>
        bench.Settings with { SmtpUseTls = tls == SmtpSinkTls.StartTls, SmtpUseSsl = tls == SmtpSinkTls.Implicit };

    private static SmtpBench Trusting(X509Certificate2 certificate, SmtpSinkTls tls) =>
        new(new() { Tls = tls, Certificate = certificate }, new SmtpOptions { ExtraAuthorities = [certificate] });

    private static X509Certificate2 Certificate(string host, bool expired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(host));
        request.CertificateExtensions.Add(names.Build());
        // Certificates are judged by the machine's clock.
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-9), now.AddDays(expired ? -2 : 9));
    }
}
