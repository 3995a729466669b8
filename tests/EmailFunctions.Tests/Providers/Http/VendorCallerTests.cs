using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Ses;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>Handed over or not, and what becomes of connections: the same with every vendor, tried with one.</summary>
public sealed class VendorCallerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_trusted_certificate_opens_tls_and_the_message_arrives()
    {
        using var certificate = VendorServer.MakeCertificate();
        await using var server = await VendorServer.StartAsync(static _ => SesBench.Accepted, certificate);
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { ApiEndpoint = server.Address.ToString() }, options: new() { Authorities = [certificate] });
        Assert.Equal("https", server.Address.Scheme);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal((2, 1), (server.Requests.Count, server.ConnectionsOpened));
    }

    [Fact]
    public async Task A_certificate_of_another_host_is_not_trusted()
    {
        using var certificate = VendorServer.MakeCertificate("other.example");
        await using var server = await VendorServer.StartAsync(static _ => SesBench.Accepted, certificate);
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { ApiEndpoint = server.Address.ToString() }, options: new() { Authorities = [certificate] });
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Misconfigured, ErrorCategory.Config), (result.Status, result.Category));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_cookies_not_kept()
    {
        await using var elsewhere = await VendorServer.StartAsync(static _ => SesBench.Accepted);
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(307, "", ("Location", elsewhere.Address.ToString()), ("Set-Cookie", "a=b")));
        Assert.Equal(SendStatus.Misconfigured, (await bench.SendAsync()).Status);
        await bench.SendAsync();
        Assert.Empty(elsewhere.Requests);
        Assert.All(bench.Server.Requests, static request => Assert.DoesNotContain("cookie", request.Headers.Keys));
    }

    [Fact]
    public async Task A_request_says_no_more_of_this_service_than_it_must()
    {
        await using var bench = await SesBench.StartAsync();
        await bench.SendAsync();
        Assert.Equal(
            ["authorization", "content-length", "content-type", "host", "x-amz-content-sha256", "x-amz-date"],
            bench.Request().Headers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_answer_whose_status_came_counts_although_its_body_broke_off()
    {
        await using var bench = await SesBench.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sending = bench.SendAsync(bench.Account with { Settings = bench.Settings with { ApiEndpoint = $"http://{listener.LocalEndpoint}" } });
        using var client = await listener.AcceptTcpClientAsync(Token);
        await ReadRequestAsync(client);
        await client.GetStream().WriteAsync("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n{\"mess"u8.ToArray(), Token);
        client.Client.Shutdown(SocketShutdown.Both);
        var result = await sending;
        Assert.Equal((SendStatus.Transient, ErrorCategory.ProviderUnavailable, "503 {\"mess"), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task What_is_no_http_after_the_message_was_handed_over_is_unknown()
    {
        await using var bench = await SesBench.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sending = bench.SendAsync(bench.Account with { Settings = bench.Settings with { ApiEndpoint = $"http://{listener.LocalEndpoint}" } });
        using var client = await listener.AcceptTcpClientAsync(Token);
        await ReadRequestAsync(client);
        await client.GetStream().WriteAsync("220 mail.example.com ESMTP\r\n\r\n"u8.ToArray(), Token);
        client.Client.Shutdown(SocketShutdown.Both);
        var result = await sending;
        Assert.Equal((SendStatus.Unknown, ErrorCategory.Network), (result.Status, result.Category));
    }

    [Fact]
    public async Task A_long_answer_is_cut_and_the_next_message_is_sent_all_the_same()
    {
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(500, new string('x', 10_000_000)));
        var result = await bench.SendAsync();
        Assert.Equal(ErrorCategory.ProviderUnavailable, result.Category);
        Assert.InRange(result.Answer!.Length, 100, 300);
        Assert.Equal(ErrorCategory.ProviderUnavailable, (await bench.SendAsync()).Category);
    }

    [Fact]
    public async Task A_kept_connection_that_the_vendor_closed_meanwhile_costs_no_message()
    {
        await using var bench = await SesBench.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var account = bench.Account with { Settings = bench.Settings with { ApiEndpoint = $"http://{listener.LocalEndpoint}" } };
        for (var n = 0; n < 10; n++)
        {
            var sending = bench.SendAsync(account);
            using var client = await listener.AcceptTcpClientAsync(Token);
            await ReadRequestAsync(client);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {SesBench.Accepted.Body.Length}\r\n\r\n{SesBench.Accepted.Body}"), Token);
            Assert.Equal(SendStatus.Sent, (await sending).Status);
        }
    }

    [Fact]
    public async Task A_body_is_written_once_whatever_happens()
    {
        using var content = new StreamedContent(1, static (stream, token) => stream.WriteAsync(new byte[1], token).AsTask());
        await content.CopyToAsync(Stream.Null, Token);
        Assert.True(content.HandedOver);
        await Assert.ThrowsAnyAsync<Exception>(() => content.CopyToAsync(Stream.Null, Token));
    }

    [Fact]
    public async Task A_body_that_lies_in_a_buffer_is_not_handed_over()
    {
        using var content = new StreamedContent(1, static (stream, token) => stream.WriteAsync(new byte[1], token).AsTask());
        // Not disposed of, which would try once more.
        var full = new BufferedStream(new FullStream());
        await Assert.ThrowsAnyAsync<Exception>(() => content.CopyToAsync(full, Token));
        Assert.False(content.HandedOver);
    }

    [Fact]
    public async Task Nothing_of_a_call_is_in_a_log()
    {
        var log = new LineLog();
        var services = new ServiceCollection();
        services.AddSingleton(TimeProvider.System).AddOutbound(OutboundRules.Desk).AddProviderClients(new HttpProviderOptions()).AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        await using var provider = services.BuildServiceProvider();
        await using var server = await VendorServer.StartAsync(static _ => VendorReply.Answer(200));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{server.Address}canary?key=canary");
        request.Headers.Add("X-Key", "canary");
        await provider.GetRequiredService<VendorCaller>().ProbeAsync(Emails.Account(SesBench.Settings, owner: "canary"), request, Token);
        Assert.Single(server.Requests);
        Assert.DoesNotContain(log.Lines, static line => line.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_cancelled_while_it_is_handed_over_was_not_sent()
    {
        var hold = new VendorHold();
        await using var bench = await SesBench.StartAsync(VendorReply.HangDuringUpload(hold));
        using var cancelling = new CancellationTokenSource();
        var large = Emails.Small with { Attachments = [new("large.bin", "application/octet-stream", null, FileContent.Of(new byte[24 * 1024 * 1024]))] };
        var sending = bench.Provider.SendAsync(Emails.Outgoing(large), bench.Account, cancelling.Token);
        await hold.WaitForArrivalsAsync(1, VendorBench.Limit, Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        hold.Release();
        Assert.Empty(bench.Server.Requests);
    }

    [Fact]
    public async Task A_message_cancelled_after_it_was_handed_over_is_unknown()
    {
        var hold = new VendorHold();
        await using var bench = await SesBench.StartAsync(VendorReply.HangAfterBody(hold, SesBench.Accepted));
        using var cancelling = new CancellationTokenSource();
        var sending = bench.Provider.SendAsync(Emails.Outgoing(), bench.Account, cancelling.Token);
        await hold.WaitForArrivalsAsync(1, VendorBench.Limit, Token);
        await cancelling.CancelAsync();
        var result = await sending;
        Assert.Equal((SendStatus.Unknown, ErrorCategory.Timeout), (result.Status, result.Category));
        hold.Release();
    }

    [Fact]
    public async Task A_probe_ends_after_its_own_time()
    {
        var hold = new VendorHold();
        await using var bench = await SesBench.StartAsync(VendorReply.HangAfterBody(hold, SesBench.Accepted));
        var probing = bench.ProbeAsync();
        await hold.WaitForArrivalsAsync(1, VendorBench.Limit, Token);
        bench.Clock.Advance(bench.Options.ProbeTimeout);
        var probe = await probing;
        Assert.Equal((ProbeStatus.Unhealthy, ErrorCategory.Timeout), (probe.Status, probe.Category));
        hold.Release();
    }

    [Fact]
    public async Task A_body_whose_content_can_not_be_read_fails_as_the_store_does()
    {
        await using var bench = await SesBench.StartAsync();
        var email = Emails.Small with { Attachments = [new("lost.bin", "application/octet-stream", null, new LostContent())] };
        await Assert.ThrowsAsync<InvalidDataException>(() => bench.SendAsync(email));
        Assert.Empty(bench.Server.Requests);
    }

    private static async Task ReadRequestAsync(TcpClient client)
    {
        var buffer = new byte[64 * 1024];
        var text = new StringBuilder();
        for (var length = int.MaxValue; text.Length < length;)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer, Token)));
            var end = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
                length = end + 4 + int.Parse(text.ToString().Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture);
        }
    }

    private sealed class LostContent : FileContent
    {
        public override long Length => 10;

        public override Stream OpenRead() => throw new InvalidDataException("The payload is gone.");
    }

    private sealed class FullStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("full");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("full");

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("full");
    }

    private sealed class LineLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            Lines.Enqueue($"{state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}
