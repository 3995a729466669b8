using System.Net;
using System.Net.Sockets;
using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Providers.Ses;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>A vendor may refuse a message by its headers alone, and close the connection while its body would still be on the way.</summary>
public sealed class EarlyAnswerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(401, SendStatus.Misconfigured, ErrorCategory.Auth)]
    [InlineData(413, SendStatus.Permanent, ErrorCategory.Content)]
    [InlineData(429, SendStatus.Throttled, ErrorCategory.RateLimited)]
    [InlineData(504, SendStatus.Transient, ErrorCategory.ProviderUnavailable)]
    public async Task A_large_message_that_is_refused_at_once_is_not_handed_over_and_the_answer_counts(int status, SendStatus expected, ErrorCategory category)
    {
        await using var bench = await SesBench.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var refusing = RefuseAsync(listener, status);
        var result = await bench.SendAsync(bench.Account with { Settings = bench.Settings with { ApiEndpoint = $"http://{listener.LocalEndpoint}" } }, WithFile(24 * 1024 * 1024));
        Assert.Equal((expected, category, $"{status} No."), (result.Status, result.Category, result.Answer));
        Assert.EndsWith("\r\n\r\n", await refusing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500 * 1024, false)]
    [InlineData(2 * 1024 * 1024, true)]
    public async Task Only_a_large_message_asks_first_whether_it_is_wanted(int bytes, bool asks)
    {
        await using var bench = await SesBench.StartAsync();
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(WithFile(bytes))).Status);
        Assert.Equal(asks ? "100-continue" : null, bench.Request().Headers.GetValueOrDefault("expect"));
    }

    private static EmailContent WithFile(int bytes) => Emails.Small with { Attachments = [new("large.bin", "application/octet-stream", null, FileContent.Of(new byte[bytes]))] };

    // Reads no further than the headers need; returns all that it has read.
    private static async Task<string> RefuseAsync(TcpListener listener, int status)
    {
        using var client = await listener.AcceptTcpClientAsync(Token);
        var buffer = new byte[1024];
        var text = "";
        while (!text.Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await client.GetStream().ReadAsync(buffer, Token);
            Assert.NotEqual(0, read);
            text += Encoding.ASCII.GetString(buffer, 0, read);
        }

        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{{\"message\":\"No.\"}}"), Token);
        return text;
    }
}
