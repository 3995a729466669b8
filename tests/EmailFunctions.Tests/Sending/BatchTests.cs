using EmailFunctions.Delivery;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Sending.SendingCalls;

namespace EmailFunctions.Tests.Sending;

public sealed class BatchTests
{
    [Fact]
    public async Task Each_message_is_accepted_or_refused_by_itself_and_keeps_its_position()
    {
        await using var bench = new DeliveryBench();

        var results = await bench.SendBatchAsync(
            Message(), """{"to":["nobody"],"subject":"a","body":"b"}""", Message("\"subjekt\":1"), "null", "7", Message("\"send_at\":\"soon\""), Message("\"expires_at\":\"2020-01-01T00:00:00Z\""), Message());

        Assert.Equal(Enumerable.Range(0, 8), results.Select(static result => result["index"]!.GetValue<int>()));
        Assert.Equal(["queued", "rejected", "rejected", "rejected", "rejected", "rejected", "rejected", "queued"], results.Select(static result => result.Text("status")));
        Assert.Equal([null, "to[0]", "subjekt", "$", "$", "send_at", "expires_at", null], results.Select(static result => result["error"]?["errors"]!.AsObject().Single().Key));
        Assert.All(results.Where(static result => result["error"] is not null), static result => Assert.Equal(400, result["error"]!["status"]!.GetValue<int>()));
    }

    [Fact]
    public async Task What_is_accepted_is_sent()
    {
        await using var bench = new DeliveryBench();

        await bench.SendBatchAsync([.. Enumerable.Range(0, 60).Select(static number => Message($"\"tags\":[\"{number}\"]"))]);
        await bench.DrainAsync();

        Assert.Equal(60, bench.Provider.Given.Select(static given => given.Content.Tags.Single()).Distinct().Count());
    }

    [Fact]
    public async Task A_thousand_messages_of_a_tenant_cost_twenty_writes_and_ten_queue_operations()
    {
        await using var bench = new DeliveryBench();
        await bench.MustSendAsync();
        var operations = bench.Queue.Operations;
        bench.Table.ResetCounts();

        var results = await bench.SendBatchAsync([.. Enumerable.Repeat(Message(), 1_000)]);

        Assert.All(results, static result => Assert.Equal("queued", result.Text("status")));
        Assert.Equal((20, 0, 0), (bench.Table.Writes, bench.Table.Reads, bench.Table.Queries));
        Assert.Equal(10, bench.Queue.Operations - operations);
    }

    [Fact]
    public async Task The_largest_contents_that_lie_in_rows_share_batches_too()
    {
        await using var bench = new DeliveryBench();
        var message = Message().Replace("Hello.", new string('x', 48_500), StringComparison.Ordinal);

        var results = await bench.SendBatchAsync([.. Enumerable.Repeat(message, 50)]);

        Assert.All(results, static result => Assert.Equal("queued", result.Text("status")));
        Assert.Empty(Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Messages_of_several_tenants_may_be_mixed()
    {
        await using var bench = new DeliveryBench();

        var results = await bench.SendBatchAsync(Message(), Message().Replace("\"acme\"", "\"other\"", StringComparison.Ordinal), Message());

        Assert.Equal(["acme", "other", "acme"], results.Select(static result => result.Text("message_id").Split('~')[0]));
    }

    [Fact]
    public async Task A_far_send_at_costs_no_place_on_the_queue()
    {
        await using var bench = new DeliveryBench();

        await bench.SendBatchAsync(Message("\"send_at\":\"2026-12-24T00:00:00Z\""), Message("\"send_at\":\"2026-11-24T12:05:00Z\""), Message());

        Assert.Equal([null, new DateTimeOffset(2026, 11, 24, 12, 5, 0, TimeSpan.Zero)], bench.Queue.Messages.Select(static message => message.VisibleAt).Order());
    }

    [Fact]
    public async Task A_batch_that_is_sent_again_is_answered_again()
    {
        await using var bench = new DeliveryBench();
        string[] messages = [.. Enumerable.Range(0, 40).Select(static number => Keyed(number))];
        var first = await bench.SendBatchAsync(messages);

        var second = await bench.SendBatchAsync(messages);

        Assert.Equal(first.Select(static result => result.ToJsonString()), second.Select(static result => result.ToJsonString()));
        Assert.Equal(40, (await bench.RowsAsync("msg-")).Count);
    }

    [Fact]
    public async Task Those_beside_a_repeated_key_are_written_together_all_the_same()
    {
        await using var bench = new DeliveryBench();
        var first = await bench.MustSendAsync("\"idempotency_key\":\"7\"");
        bench.Table.ResetCounts();

        var results = await bench.SendBatchAsync([.. Enumerable.Range(0, 30).Select(static number => Keyed(number))]);

        Assert.Equal(first.ToString(), results[7].Text("message_id"));
        Assert.Equal(30, results.Select(static result => result.Text("message_id")).Distinct().Count());
        Assert.Equal(2, bench.Table.Writes);
    }

    [Fact]
    public async Task Another_body_under_a_key_is_422_for_that_message_alone()
    {
        await using var bench = new DeliveryBench();
        await bench.MustSendAsync("\"idempotency_key\":\"1\"");

        var results = await bench.SendBatchAsync(Keyed(0), Keyed(1, "\"tags\":[\"other\"]"), Keyed(2));

        Assert.Equal(["queued", "rejected", "queued"], results.Select(static result => result.Text("status")));
        Assert.Equal(422, results[1]["error"]!["status"]!.GetValue<int>());
    }

    [Fact]
    public async Task Twins_within_a_batch_are_one_message_and_one_with_another_body_is_422()
    {
        await using var bench = new DeliveryBench();

        var results = await bench.SendBatchAsync(Keyed(1), Keyed(1), Keyed(1, "\"tags\":[\"other\"]"), Keyed(2));

        Assert.Equal(results[0].Text("message_id"), results[1].Text("message_id"));
        Assert.Equal(422, results[2]["error"]!["status"]!.GetValue<int>());
        Assert.Equal(2, (await bench.RowsAsync("msg-")).Count);
    }

    [Fact]
    public async Task A_key_is_free_for_the_next_when_its_first_was_refused()
    {
        await using var bench = new DeliveryBench();

        var results = await bench.SendBatchAsync(Keyed(1, "\"expires_at\":\"2020-01-01T00:00:00Z\""), Keyed(1));

        Assert.Equal(["rejected", "queued"], results.Select(static result => result.Text("status")));
    }

    [Fact]
    public async Task A_replay_of_a_large_message_leaves_no_payload_of_its_own()
    {
        await using var bench = new DeliveryBench();
        var large = Keyed(1).Replace("Hello.", new string('x', 100_000), StringComparison.Ordinal);
        await bench.SendBatchAsync(large);

        await bench.SendBatchAsync(large, large);

        Assert.Single(Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(false, 3)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(true, 3)]
    public async Task When_the_store_fails_half_way_the_answer_says_which_are_accepted(bool hasKeys, int works)
    {
        await using var bench = new DeliveryBench();
        await bench.MustSendAsync("\"idempotency_key\":\"first\"");
        var before = (await bench.RowsAsync("msg-")).Count;
        bench.Table.ResetCounts();
        bench.Table.OnWrite = write => write > works ? TableFault.Before : TableFault.None;

        var results = await bench.SendBatchAsync([.. Enumerable.Range(0, 200).Select(number => hasKeys ? Keyed(number) : Message())]);

        var accepted = results.Where(static result => result.Text("status") == "queued").Select(static result => result.Text("message_id")).ToList();
        Assert.Equal(works * (hasKeys ? 33 : 50), accepted.Count);
        Assert.Equal(accepted.Count, (await bench.RowsAsync("msg-")).Count - before);
        Assert.All(results.Where(static result => result["error"] is not null), static result => Assert.Equal(503, result["error"]!["status"]!.GetValue<int>()));
        Assert.Equal(accepted.Order(), bench.Queue.Messages.Skip(1).Select(static message => System.Text.Encoding.UTF8.GetString(message.Body.Span)).Order());
        Assert.Equal(works + 1, bench.Table.Writes);
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_is_settled_by_looking()
    {
        await using var bench = new DeliveryBench();
        await bench.MustSendAsync();
        bench.Table.ResetCounts();
        bench.Table.OnWrite = static write => write == 2 ? TableFault.After : TableFault.None;

        var results = await bench.SendBatchAsync([.. Enumerable.Repeat(Message(), 120)]);

        Assert.All(results, static result => Assert.Equal("queued", result.Text("status")));
        Assert.Equal(121, (await bench.RowsAsync("msg-")).Count);
    }

    [Fact]
    public async Task A_single_message_whose_answer_is_lost_is_accepted_too()
    {
        await using var bench = new DeliveryBench();
        await bench.MustSendAsync("\"idempotency_key\":\"first\"");
        bench.Table.ResetCounts();
        bench.Table.OnWrite = static write => write == 1 ? TableFault.After : TableFault.None;

        await bench.MustSendAsync("\"idempotency_key\":\"key\"");

        Assert.Equal(2, (await bench.RowsAsync("msg-")).Count);
    }

    [Fact]
    public async Task What_the_queue_does_not_take_is_accepted_and_found_by_the_sweep()
    {
        await using var bench = new DeliveryBench();
        bench.Queue.IsDown = true;

        var results = await bench.SendBatchAsync(Message(), Message());
        bench.Queue.IsDown = false;
        bench.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.All(results, static result => Assert.Equal("queued", result.Text("status")));
        Assert.Equal(2, (await bench.Get<MessageSweep>().RunAsync(TestContext.Current.CancellationToken)).Count);
    }

    [Fact]
    public async Task A_key_of_a_batch_answers_a_single_message_too()
    {
        await using var bench = new DeliveryBench();
        var batch = await bench.SendBatchAsync(Keyed(1, "\"send_at\":\"2026-12-24T00:00:00Z\""));

        var single = await bench.SendAsync(Keyed(1, "\"send_at\":\"2026-12-24T00:00:00Z\""));

        Assert.True(single.IsReplay);
        Assert.Equal(batch[0].Text("message_id"), single.Body.Text("message_id"));
        Assert.Equal(new DateTimeOffset(2026, 12, 24, 0, 0, 0, TimeSpan.Zero), single.Body.Time("scheduled_for"));
    }

    private static string Keyed(int key, string further = "") =>
        Message($"\"idempotency_key\":\"{key}\"" + (further.Length == 0 ? "" : "," + further));
}
