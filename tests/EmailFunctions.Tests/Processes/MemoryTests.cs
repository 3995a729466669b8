using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.TestKit;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>The largest messages go from the request to the provider without ever being in memory as a whole.</summary>
public sealed class MemoryTests : IAsyncDisposable
{
    private const int LargeBytes = 26_214_000;
    private const string Paragraph = """<p class=\"text\">Grüße aus Köln, in lines that are not too long.</p>\r\n""";

    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink = SmtpSink.Start();

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("file", 1)]
    [InlineData("file", 4)]
    [InlineData("smtp", 1)]
    [InlineData("smtp", 4)]
    public Task The_largest_messages_need_little_memory(string provider, int atOnce) => AssertSmallAsync(provider, atOnce, LargeBytes, WithFile);

    [Theory]
    [InlineData("file", 1)]
    [InlineData("smtp", 4)]
    [InlineData("aws_ses", 1)]
    public Task The_longest_texts_need_little_memory(string provider, int atOnce) => AssertSmallAsync(provider, atOnce, LargeBytes, WithText);

    // What their vendors take of a text that is sent as it is, and of the same as MIME.
    [Theory]
    [InlineData("sendgrid", 1)]
    [InlineData("mailgun", 4)]
    public Task Texts_as_long_as_a_vendor_takes_need_little_memory(string provider, int atOnce) => AssertSmallAsync(provider, atOnce, 20_000_000, WithText);

    private async Task AssertSmallAsync(string provider, int atOnce, int bytes, Func<int, string> message)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets the peak of a process begin anew.");
        using var service = await ServiceProcess.StartAsync(_folder.FullPath, new Dictionary<string, string> { ["DOTNET_gcServer"] = "0", ["EMAIL_ALLOW_HTTP_ENDPOINTS"] = "true" });
        await using var vendor = await VendorServer.StartAsync(Answer);
        await ConfigureAsync(service.Client, provider, vendor.Address);
        // What the first messages bring with them (compiled code, connections) is no part of it.
        for (var count = 0; count < 5; count++)
            await SendAsync(service.Client, message(300_000));

        var idle = service.ResetPeakMemory();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => SendAsync(service.Client, message(bytes))));
        var above = service.PeakMemory - idle;

        Assert.True(above <= (atOnce == 1 ? 3L * bytes : 200_000_000), string.Create(CultureInfo.InvariantCulture, $"{above:N0} bytes above {idle:N0} at rest"));
        // Nor is it on the disk any longer.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Combine("spool")));
    }

    private static VendorReply Answer(VendorRequest request) =>
        request.Target == "/v3/mail/send" ? VendorReply.Answer(202, "", ("X-Message-Id", "1"))
        : VendorReply.Answer(200, """{"MessageId":"1","id":"<1@example.com>","message":"Queued. Thank you."}""");

    private async Task ConfigureAsync(HttpClient client, string provider, Uri vendor)
    {
        var further = provider switch
        {
            "file" => "",
            "smtp" => $$"""
                ,"smtp_host":"127.0.0.1","smtp_port":{{_sink.Port}},"smtp_use_tls":false
                """,
            "aws_ses" => $$"""
                ,"aws_region":"eu-west-1","aws_access_key":"AKIAIOSFODNN7EXAMPLE","aws_secret_key":"secret","api_endpoint":"{{vendor}}"
                """,
            _ => $$"""
                ,"api_key":"key-0123456789","api_endpoint":"{{vendor}}"
                """,
        };
        var config = $$"""{"provider_type":"{{provider}}","from_email":"a@example.com"{{further}}}""";
        using var answer = await client.PostAsync(new Uri("/api/v1/email/configs/acme", UriKind.Relative), ServiceHost.Json(config), TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static string WithFile(int bytes)
    {
        var file = new byte[bytes];
        new Random(bytes).NextBytes(file);
        return Message($$"""
            "body":"b","attachments":[{"filename":"a","content_type":"application/pdf","content":"{{Convert.ToBase64String(file)}}"}]
            """);
    }

    // The quotation marks and the line end are written in two characters each.
    private static string WithText(int bytes) => Message($$"""
        "body_html":"{{string.Concat(Enumerable.Repeat(Paragraph, bytes / (Encoding.UTF8.GetByteCount(Paragraph) - 4)))}}"
        """);

    private static string Message(string further) => $$"""{"tenant_id":"acme","to":["r@example.com"],"subject":"s",{{further}}}""";

    private static async Task SendAsync(HttpClient client, string json)
    {
        using var answer = await client.PostAsync(new Uri("/api/v1/email/send", UriKind.Relative), ServiceHost.Json(json), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["message_id"]!.GetValue<string>();
        for (var tries = 0; await StatusAsync(client, id) != "sent"; tries++)
        {
            Assert.True(tries < 600, "The message was not sent in time.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string> StatusAsync(HttpClient client, string id) =>
        (await client.GetFromJsonAsync<JsonNode>(new Uri($"/api/v1/email/messages/{id}", UriKind.Relative), TestContext.Current.CancellationToken))!["status"]!.GetValue<string>();
}
