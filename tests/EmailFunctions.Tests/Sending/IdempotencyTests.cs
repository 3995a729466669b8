using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Problems;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Sending;

public sealed class IdempotencyTests
{
    private const string Body = """{"tenant_id":"acme","to":["a@example.com"],"subject":"Hello","body":"Hello."}""";

    [Fact]
    public async Task The_same_key_and_body_get_the_first_answer_again()
    {
        await using var service = ServiceHost.Start();

        var (first, firstReplayed, firstStatus) = await SendAsync(service, "key", Body);
        // The same message, written otherwise.
        var (second, secondReplayed, secondStatus) = await SendAsync(service, "key", """{ "subject":"Hello", "body":"\u0048ello.", "to":["a@example.com"], "tenant_id":"acme" }""");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (firstStatus, secondStatus));
        Assert.Equal((false, true), (firstReplayed, secondReplayed));
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task The_body_field_is_the_same_key_as_the_header()
    {
        await using var service = ServiceHost.Start();

        var (first, _, _) = await SendAsync(service, "key", Body);
        var (second, replayed, _) = await SendAsync(service, null, Body.Replace("}", ",\"idempotency_key\":\"key\"}", StringComparison.Ordinal));

        Assert.True(replayed);
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task Another_body_under_the_same_key_is_422_and_leaves_no_payload()
    {
        await using var service = ServiceHost.Start();
        await SendAsync(service, "key", Body);

        var (problem, _, status) = await SendAsync(service, "key", Body.Replace("Hello.", new string('x', 100_000), StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.NotNull(JsonNode.Parse(problem)!["errors"]!["idempotency_key"]);
        Assert.Empty(Directory.GetFiles(service.Data.Combine("payloads"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Twenty_twins_at_once_are_one_message()
    {
        await using var service = ServiceHost.Start();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(service, "key", Body)));

        Assert.Single(answers.Select(static answer => answer.Text).Distinct());
        Assert.Equal(19, answers.Count(static answer => answer.Replayed));
        await service.WaitForAsync(JsonNode.Parse(answers[0].Text)!["message_id"]!.GetValue<string>(), "sent");
        Assert.Single(Directory.GetFiles(service.Data.Combine("mail"), "*.eml", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Two_tenants_may_use_one_key()
    {
        await using var service = ServiceHost.Start();

        var (_, _, first) = await SendAsync(service, "key", Body);
        var (_, replayed, second) = await SendAsync(service, "key", Body.Replace("acme", "other", StringComparison.Ordinal));

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first, second));
        Assert.False(replayed);
    }

    [Fact]
    public async Task A_key_is_remembered_for_a_day_and_free_again_after()
    {
        await using var bench = new DeliveryBench();
        var first = await bench.AcceptAsync(key: "key");

        bench.Clock.Advance(TimeSpan.FromHours(24));
        Assert.Equal(first, await bench.AcceptAsync(key: "key"));
        bench.Clock.Advance(TimeSpan.FromHours(1));
        Assert.NotEqual(first, await bench.AcceptAsync(key: "key"));
    }

    [Fact]
    public async Task A_replay_costs_one_refused_write_and_one_read()
    {
        await using var bench = new DeliveryBench();
        await bench.AcceptAsync(key: "key");
        bench.Table.ResetCounts();
        bench.Queue.Messages.Clear();

        await bench.AcceptAsync(key: "key");

        Assert.Equal((1, 1, 0), (bench.Table.Writes, bench.Table.Reads, bench.Table.Queries));
        Assert.Empty(bench.Queue.Messages);
        await Assert.ThrowsAsync<ProblemException>(() => bench.AcceptAsync(recipients: 2, key: "key"));
    }

    private static async Task<(string Text, bool Replayed, HttpStatusCode Status)> SendAsync(ServiceHost service, string? key, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/email/send") { Content = ServiceHost.Json(body) };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (text, answer.Headers.Contains("Idempotent-Replayed"), answer.StatusCode);
    }
}
