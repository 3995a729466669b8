using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>The largest messages go from the request to the provider without ever being in memory as a whole.</summary>
public sealed class MemoryTests : IAsyncDisposable
{
    private const int FileBytes = 26_214_000;

    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink = SmtpSink.Start();

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("file", 1, 3L * FileBytes)]
    [InlineData("file", 4, 200_000_000)]
    [InlineData("smtp", 1, 3L * FileBytes)]
    [InlineData("smtp", 4, 200_000_000)]
    public async Task The_largest_messages_need_little_memory(string provider, int atOnce, long most)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets the peak of a process begin anew.");
        using var service = await ServiceProcess.StartAsync(_folder.FullPath, new Dictionary<string, string> { ["DOTNET_gcServer"] = "0" });
        await ConfigureAsync(service.Client, provider);
        // What the first messages bring with them (compiled code, connections) is no part of it.
        for (var count = 0; count < 5; count++)
            await SendAsync(service.Client, 300_000);

        var idle = service.ResetPeakMemory();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => SendAsync(service.Client, FileBytes)));
        var above = service.PeakMemory - idle;

        Assert.True(above <= most, string.Create(CultureInfo.InvariantCulture, $"{above:N0} bytes above {idle:N0} at rest"));
        // Nor is it on the disk any longer.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Combine("spool")));
    }

    private async Task ConfigureAsync(HttpClient client, string provider)
    {
        var config = provider == "file"
            ? """{"provider_type":"file","from_email":"a@example.com"}"""
            : $$"""{"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":{{_sink.Port}},"smtp_use_tls":false,"from_email":"a@example.com"}""";
        using var answer = await client.PostAsync(new Uri("/api/v1/email/configs/acme", UriKind.Relative), ServiceHost.Json(config), TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task SendAsync(HttpClient client, int fileBytes)
    {
        var file = new byte[fileBytes];
        new Random(fileBytes).NextBytes(file);
        var json = $$"""{"tenant_id":"acme","to":["r@example.com"],"subject":"s","body":"b","attachments":[{"filename":"a","content_type":"application/pdf","content":"{{Convert.ToBase64String(file)}}"}]}""";
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
