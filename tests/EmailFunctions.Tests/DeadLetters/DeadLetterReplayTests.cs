using System.Net;
using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Tests.DeadLetters;

public sealed class DeadLetterReplayTests
{
    [Fact]
    public async Task A_replayed_letter_is_queued_again_with_its_history_and_without_its_failures()
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync();
        dead.Bench.Clock.Advance(TimeSpan.FromDays(3));
        dead.Bench.Queue.Messages.Clear();

        Assert.Equal(HttpStatusCode.Accepted, await dead.CallAsync(HttpMethod.Post, $"{DeadBench.Path}/{id}/replay"));

        var entry = await dead.Bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Queued, 0, 1), (entry.Status, entry.Failures, entry.Attempts));
        Assert.Equal(["queued", "sending", "dead_lettered", "queued"], entry.History.Select(static line => line.Status));
        Assert.Equal(dead.Bench.Clock.GetUtcNow(), entry.ArrivedAt);
        Assert.Empty(await dead.Bench.RowsAsync("dead-"));
        Assert.Equal(id.ToString(), System.Text.Encoding.UTF8.GetString(Assert.Single(dead.Bench.Queue.Messages).Body.Span));
    }

    [Fact]
    public async Task A_replayed_letter_is_sent()
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync(bodyBytes: 100_000);
        dead.Bench.Provider.Answer = static _ => SendResult.Sent("taken");

        await dead.CallAsync(HttpMethod.Post, $"{DeadBench.Path}/{id}/replay");
        await dead.Bench.DispatchAsync(id);

        Assert.Equal(MessageStatus.Sent, (await dead.Bench.ReadAsync(id)).Status);
        Assert.Equal(2, dead.Bench.Provider.Given.Count);
    }

    [Fact]
    public async Task A_letter_that_fails_again_is_a_dead_letter_again()
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync();

        await dead.CallAsync(HttpMethod.Post, $"{DeadBench.Path}/{id}/replay");
        await dead.Bench.DispatchAsync(id);

        Assert.Equal([id.ToString()], DeadBench.Ids(await dead.ListAsync()));
    }

    [Fact]
    public async Task Only_a_dead_letter_is_replayed_and_only_once()
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync();
        var queued = await dead.Bench.AcceptAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => dead.CallAsync(HttpMethod.Post, $"{DeadBench.Path}/{id}/replay")));

        Assert.Equal(1, answers.Count(static status => status == HttpStatusCode.Accepted));
        Assert.Equal(4, answers.Count(static status => status == HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.Conflict, await dead.CallAsync(HttpMethod.Post, $"{DeadBench.Path}/{queued}/replay"));
    }

    [Fact]
    public async Task A_replayed_letter_pays_anew_what_was_given_back_when_it_died()
    {
        await using var dead = new DeadBench(("EMAIL_RATE_LIMIT_PER_MINUTE", "60"));
        var id = await dead.DieAsync();
        Assert.NotNull((await dead.Bench.ReadAsync(id)).Charge);

        await dead.CallAsync(HttpMethod.Post, $"{DeadBench.Path}/{id}/replay");

        Assert.Null((await dead.Bench.ReadAsync(id)).Charge);
    }

    [Fact]
    public async Task A_replay_by_filter_takes_a_part_at_a_time_and_says_whether_there_is_more()
    {
        await using var dead = new DeadBench();
        for (var number = 0; number < 5; number++)
            await dead.DieAsync();
        await dead.DieAsync("beta");

        var first = await dead.ReplayAsync("""{"tenant_id":"acme","limit":3}""");
        var second = await dead.ReplayAsync("""{"tenant_id":"acme","limit":3}""");

        Assert.Equal((3, true), (first["replayed"]!.GetValue<int>(), first["has_more"]!.GetValue<bool>()));
        Assert.Equal((2, false), (second["replayed"]!.GetValue<int>(), second["has_more"]!.GetValue<bool>()));
        Assert.StartsWith("beta~", Assert.Single(DeadBench.Ids(await dead.ListAsync())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replay_by_filter_goes_on_behind_its_cursor()
    {
        await using var dead = new DeadBench();
        for (var number = 0; number < 4; number++)
            await dead.DieAsync(number % 2 == 0 ? "acme" : "beta");

        var first = await dead.ReplayAsync("""{"limit":3}""");
        var second = await dead.ReplayAsync($$"""{"limit":3,"cursor":"{{first["next_cursor"]}}"}""");

        Assert.Equal((3, 1), (first["replayed"]!.GetValue<int>(), second["replayed"]!.GetValue<int>()));
        Assert.Null(second["next_cursor"]);
    }

    [Fact]
    public async Task A_replay_by_filter_leaves_what_does_not_match()
    {
        await using var dead = new DeadBench();
        var timeout = (await dead.DieAsync(category: ErrorCategory.Timeout)).ToString();
        await dead.DieAsync();

        var answer = await dead.ReplayAsync("""{"error_category":"network","provider":"file","from":"2026-11-24T00:00:00Z","to":"2026-11-25T00:00:00Z"}""");

        Assert.Equal(1, answer["replayed"]!.GetValue<int>());
        Assert.Equal([timeout], DeadBench.Ids(await dead.ListAsync()));
    }

    [Fact]
    public async Task The_same_replay_from_five_sides_at_once_takes_each_letter_once()
    {
        await using var dead = new DeadBench();
        for (var number = 0; number < 20; number++)
            await dead.DieAsync();
        dead.Bench.Queue.Messages.Clear();

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => dead.ReplayAsync("{}")));

        Assert.Equal(20, answers.Sum(static answer => answer["replayed"]!.GetValue<int>()));
        Assert.Equal(20, dead.Bench.Queue.Messages.Count);
    }

    [Fact]
    public async Task Without_the_queue_a_replay_is_done_all_the_same_and_the_sweep_queues_it()
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync();
        dead.Bench.Queue.IsDown = true;

        Assert.Equal(1, (await dead.ReplayAsync("{}"))["replayed"]!.GetValue<int>());

        dead.Bench.Queue.IsDown = false;
        dead.Bench.Queue.Messages.Clear();
        dead.Bench.Clock.Advance(TimeSpan.FromMinutes(1));
        await dead.Bench.Get<EmailFunctions.Delivery.MessageSweep>().RunAsync(TestContext.Current.CancellationToken);
        Assert.Single(dead.Bench.Queue.Messages);
        Assert.Equal(MessageStatus.Queued, (await dead.Bench.ReadAsync(id)).Status);
    }
}
