using System.Globalization;
using System.Net.Sockets;
using System.Text;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Hardening;

/// <summary>What no client would send, over bare sockets to the service's own process: bodies whose end can be read in two ways, and paths.</summary>
public sealed class RawRequestTests
{
    private const string Host = "Host: localhost\r\n";

    // If it is answered, a body's end was found where its sender wants it to be.
    private const string Smuggled = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static readonly Dictionary<string, string> Framings = new()
    {
        ["both lengths"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Smuggled,
        ["both lengths, the other first"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + Smuggled,
        ["two lengths"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + Smuggled,
        ["two lengths in one"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Length: 0, 44\r\n\r\n" + Smuggled,
        ["a negative length"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Length: -1\r\n\r\n" + Smuggled,
        ["a length in hexadecimal"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Length: 0x0\r\n\r\n" + Smuggled,
        ["an unknown encoding"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Transfer-Encoding: xchunked\r\n\r\n" + Smuggled,
        ["two encodings"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + Smuggled,
        ["an encoding twice"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Smuggled,
        ["chunked, then not"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + Smuggled,
        ["a space before the colon"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + Smuggled,
        ["a line that goes on"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Smuggled,
        ["bare line feeds"] = "GET /health HTTP/1.1\nHost: localhost\n\n" + Smuggled,
        ["a chunk's length with a sign"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + Smuggled,
        ["a chunk's length that overflows"] = "POST /api/v1/email/send HTTP/1.1\r\n" + Host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n\r\n" + Smuggled,
        ["two hosts"] = "GET /health HTTP/1.1\r\n" + Host + "Host: attacker.example\r\n\r\n" + Smuggled,
        ["another host in the target"] = "GET http://attacker.example/health HTTP/1.1\r\n" + Host + "\r\n" + Smuggled,
        ["no host"] = "GET /health HTTP/1.1\r\n\r\n" + Smuggled,
        ["an encoding before HTTP/1.1"] = "POST /api/v1/email/send HTTP/1.0\r\n" + Host + "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n" + Smuggled,
        ["a control in a header"] = "GET /health HTTP/1.1\r\n" + Host + "X: a\0b\r\n\r\n" + Smuggled,
    };

    private static readonly string[] Paths =
    [
        "//health", "/./health", "/docs/../health", "/docs/%2e%2e/health", "/%2e/health", "/docs/%252e%252e/health", "/docs/..%2fhealth", "/docs%2f..%2fhealth", "/docs/..%5chealth",
        "/docs/..\\health", "/health%00", "/docs/%c0%ae%c0%ae/health", "/docs/%e0%80%ae", "/docs//index.html", "/health%0d%0aX-Made: up", "/api/v1/email/messages/%2e%2e", "/docs/%2",
    ];

    [Fact]
    public async Task Nothing_is_smuggled_behind_a_body_whose_end_can_be_read_in_two_ways()
    {
        using var folder = new TempFolder();
        using var service = await ServiceProcess.StartAsync(folder.FullPath);
        Assert.Equal(2, AnswersIn(await AskAsync(service.Port, "GET /health HTTP/1.1\r\n" + Host + "\r\n" + Smuggled.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal))));

        foreach (var (name, request) in Framings)
        {
            var answer = await AskAsync(service.Port, request);
            Assert.True(answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), $"{name}: {answer}");
            Assert.True(AnswersIn(answer) == 1, $"{name}: {answer}");
        }
    }

    [Fact]
    public async Task No_path_is_tidied_up_into_another()
    {
        using var folder = new TempFolder();
        using var service = await ServiceProcess.StartAsync(folder.FullPath);

        foreach (var path in Paths)
        {
            var answer = await AskAsync(service.Port, $"GET {path} HTTP/1.1\r\n{Host}Connection: close\r\n\r\n");
            Assert.True(answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), $"{path}: {answer}");
            // What the web server itself can't read it refuses by itself, without a word.
            Assert.True(answer.Contains("urn:email-functions:problem:bad-request", StringComparison.Ordinal) || answer.Contains("Content-Length: 0\r\n", StringComparison.Ordinal), $"{path}: {answer}");
            Assert.DoesNotContain("X-Made", answer[..answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)], StringComparison.Ordinal);
        }

        Assert.StartsWith("HTTP/1.1 200 ", await AskAsync(service.Port, $"GET http://localhost/health HTTP/1.1\r\n{Host}Connection: close\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync(service.Port, $"GET /api/v1/email/messages/order%252F7 HTTP/1.1\r\n{Host}Connection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    private static int AnswersIn(string text) => text.Split("HTTP/1.1 ").Length - 1;

    // Until the service hangs up, which it does after whatever it refuses; one that does not is told by what it has answered by then.
    private static async Task<string> AskAsync(int port, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request.Replace("localhost", string.Create(CultureInfo.InvariantCulture, $"localhost:{port}"), StringComparison.Ordinal)), TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        var (text, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            for (var read = -1; read != 0; text.Append(Encoding.Latin1.GetString(buffer, 0, read)))
                read = await stream.ReadAsync(buffer, patience.Token);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n[{exception.GetType().Name}]");
        }

        return text.ToString();
    }
}
