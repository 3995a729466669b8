using System.Net;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>Messages that stay where they are until somebody lets them go.</summary>
public sealed class HeldMessageTests
{
    private const string ConfigPath = "/api/v1/email/configs/acme";

    [Fact]
    public async Task A_changed_configuration_lets_go_what_was_held_for_it()
    {
        await using var bench = NewBench();
        var id = await HoldForConfigAsync(bench);
        bench.Queue.Messages.Clear();

        await bench.Client.ConfigureAsync("acme", """{"provider_type":"file","from_email":"new@example.com"}""");
        await DispatchQueuedAsync(bench);

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task A_deleted_configuration_lets_go_what_was_held_for_it()
    {
        await using var bench = NewBench();
        await bench.Client.ConfigureAsync("acme", """{"provider_type":"file","from_email":"old@example.com"}""");
        var id = await HoldForConfigAsync(bench);
        bench.Queue.Messages.Clear();

        await bench.Client.MustAsync(HttpMethod.Delete, ConfigPath, "");
        await DispatchQueuedAsync(bench);

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task A_changed_configuration_does_not_let_go_what_was_held_for_an_unknown_outcome()
    {
        await using var bench = NewBench();
        var id = await HoldForUnknownAsync(bench);
        bench.Queue.Messages.Clear();

        await bench.Client.MustAsync(HttpMethod.Put, ConfigPath, """{"from_name":"Other"}""");
        await DispatchQueuedAsync(bench);

        Assert.True((await bench.ReadAsync(id)).IsHeld);
        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task With_hold_a_message_whose_outcome_nobody_saw_stays_and_a_release_sends_it()
    {
        await using var bench = NewBench();
        var id = await HoldForUnknownAsync(bench);
        bench.Queue.Messages.Clear();
        bench.Clock.Advance(TimeSpan.FromDays(1));
        await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken);
        await bench.DispatchAsync(id);
        Assert.Empty(bench.Queue.Messages);
        Assert.Single(bench.Provider.Given);

        Assert.Equal(HttpStatusCode.Accepted, await ReleaseAsync(bench, id));
        await DispatchQueuedAsync(bench);

        var sent = await bench.ReadAsync(id);
        Assert.Equal(MessageStatus.Sent, sent.Status);
        Assert.Equal(["queued", "sending", "unknown", "deferred", "queued", "sending", "sent"], sent.History.Select(static line => line.Status));
    }

    [Fact]
    public async Task Without_hold_a_message_whose_outcome_nobody_saw_is_sent_again()
    {
        await using var bench = NewBench();
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Unknown, ErrorCategory.Timeout, "broke off") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        bench.Clock.Advance(TimeSpan.FromMinutes(1));

        await bench.DispatchAsync(id);

        Assert.Equal((MessageStatus.Sent, 2), ((await bench.ReadAsync(id)).Status, bench.Provider.Given.Count));
    }

    [Fact]
    public async Task A_release_lets_go_whatever_it_is_held_for()
    {
        await using var bench = NewBench();
        var id = await HoldForConfigAsync(bench);

        Assert.Equal(HttpStatusCode.Accepted, await ReleaseAsync(bench, id));

        var released = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Queued, false), (released.Status, released.IsHeld));
        Assert.Empty(await bench.RowsAsync("held-"));
    }

    [Fact]
    public async Task Only_what_is_held_is_released_and_only_once()
    {
        await using var bench = NewBench();
        var held = await HoldForConfigAsync(bench);
        var queued = await bench.AcceptAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => ReleaseAsync(bench, held)));

        Assert.Equal(1, answers.Count(static status => status == HttpStatusCode.Accepted));
        Assert.Equal(4, answers.Count(static status => status == HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.Conflict, await ReleaseAsync(bench, queued));
    }

    [Fact]
    public async Task Without_the_queue_a_release_is_done_all_the_same_and_the_sweep_queues_it()
    {
        await using var bench = NewBench();
        var id = await HoldForConfigAsync(bench);
        bench.Queue.Messages.Clear();
        bench.Queue.IsDown = true;

        Assert.Equal(HttpStatusCode.Accepted, await ReleaseAsync(bench, id));
        bench.Queue.IsDown = false;
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken);

        Assert.Single(bench.Queue.Messages);
    }

    private static DeliveryBench NewBench() => new(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" });

    private static async Task<MessageId> HoldForConfigAsync(DeliveryBench bench)
    {
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "no such user") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        var held = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, true, "configuration"), (held.Status, held.IsHeld, held.Reason));
        return id;
    }

    private static async Task<MessageId> HoldForUnknownAsync(DeliveryBench bench)
    {
        await bench.Client.ConfigureAsync("acme", """{"provider_type":"file","from_email":"a@example.com","on_unknown":"hold"}""");
        bench.Provider.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Unknown, ErrorCategory.Timeout, "broke off") : SendResult.Sent("taken");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        var held = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, true, "outcome_unknown"), (held.Status, held.IsHeld, held.Reason));
        return id;
    }

    private static async Task<HttpStatusCode> ReleaseAsync(DeliveryBench bench, MessageId id)
    {
        using var answer = await bench.Client.PostAsync(new Uri($"/api/v1/admin/email/messages/{id}/release", UriKind.Relative), content: null, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    // What is on the queue by now, and what that puts on it.
    private static async Task DispatchQueuedAsync(DeliveryBench bench)
    {
        while (bench.Queue.Messages.TryDequeue(out var message))
            await bench.Get<DispatchFunction>().RunAsync(message.Body, TestContext.Current.CancellationToken);
    }
}
