using System.Text.Json.Nodes;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Sending;

public sealed class SendTests
{
    [Fact]
    public async Task An_accepted_message_is_answered_with_its_id_its_status_and_where_to_look()
    {
        await using var service = ServiceHost.Start();

        using var answer = await service.SendAsync(HttpMethod.Post, "/api/v1/email/send", """{"tenant_id":"acme","to":["a@example.com"],"subject":"a","body":"b"}""");

        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        var id = body["message_id"]!.GetValue<string>();
        Assert.StartsWith("acme~", id, StringComparison.Ordinal);
        Assert.Equal(("queued", "acme"), (body["status"]!.GetValue<string>(), body["tenant_id"]!.GetValue<string>()));
        Assert.Equal("/api/v1/email/messages/" + id, answer.Headers.Location!.ToString());
        var message = await service.GetAsync(answer.Headers.Location.ToString());
        Assert.Equal(id, message["message_id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_message_shows_its_history_in_order_and_the_trace_of_its_request()
    {
        await using var service = ServiceHost.Start();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/email/send") { Content = ServiceHost.Json("""{"to":["a@example.com"],"subject":"a","body":"b"}""") };
        request.Headers.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var id = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["message_id"]!.GetValue<string>();

        var message = await service.WaitForAsync(id, "sent");

        Assert.Equal(["queued", "sending", "sent"], message["history"]!.AsArray().Select(static line => line!["status"]!.GetValue<string>()));
        Assert.Equal(Trace, message["trace_id"]!.GetValue<string>());
        Assert.Equal(1, message["attempts"]!.GetValue<int>());
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(5_000_000)]
    public async Task A_content_too_large_for_its_row_waits_in_a_file_that_goes_once_it_is_sent(int bytes)
    {
        await using var service = ServiceHost.Start();

        var id = await service.AcceptAsync($$"""{"to":["a@example.com"],"subject":"a","body":"{{new string('x', bytes)}}"}""");
        await service.WaitForAsync(id, "sent");

        for (var tries = 0; tries < 100 && Files(service).Length > 0; tries++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Empty(Files(service));
    }

    [Fact]
    public async Task A_message_at_each_limit_is_taken()
    {
        await using var service = ServiceHost.Start();
        var recipients = string.Join(',', Enumerable.Range(0, 100).Select(static n => $"\"r{n}@example.com\""));
        var tags = string.Join(',', Enumerable.Range(0, 10).Select(static n => $"\"{n}{new string('t', 127)}\""));

        await service.AcceptAsync($$"""{"to":[{{recipients}}],"subject":"{{new string('s', 500)}}","body":"b","tags":[{{tags}}],"metadata":{"k":"{{new string('m', 8_191)}}"},"from_name":"{{new string('n', 100)}}","idempotency_key":"{{new string('k', 256)}}"}""");
        await service.AcceptAsync($$"""{"to":["a@example.com"],"subject":"s","body":"{{new string('x', 26_214_399)}}"}""");
    }

    [Fact]
    public async Task Mail_for_a_provider_that_this_composition_lacks_is_refused_when_it_is_accepted()
    {
        await using var service = ServiceHost.Start(services: static services => services.Remove(services.Single(static service => service.ImplementationType == typeof(SendGridProvider))));
        using var saved = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", """{"provider_type":"sendgrid","api_key":"k","from_email":"a@example.com"}""");

        using var answer = await service.SendAsync(HttpMethod.Post, "/api/v1/email/send", """{"tenant_id":"acme","to":["a@example.com"],"subject":"a","body":"b"}""");

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("sendgrid", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static string[] Files(ServiceHost service) => Directory.GetFiles(service.Data.Combine("payloads"), "*", SearchOption.AllDirectories);
}
