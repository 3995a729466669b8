using System.Text;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.Sqlite;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Queueing;

/// <summary>What the local queue promises beyond the contract: groups take turns.</summary>
public sealed partial class SqliteQueueTests
{
    [Fact]
    public async Task Groups_are_delivered_in_turn_and_each_in_its_order()
    {
        await EnqueueGroupAsync("a", 4);
        await EnqueueGroupAsync("b", 2);
        await EnqueueGroupAsync("c", 1);

        Assert.Equal(["a0", "b0", "c0", "a1", "b1", "a2", "a3"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task A_group_that_comes_later_does_not_stand_behind_a_backlog()
    {
        await EnqueueGroupAsync("a", 100);
        await ReceiveAsync(limit: 10);
        await EnqueueGroupAsync("b", 3);

        Assert.Equal(["b0", "a10", "b1", "a11", "b2", "a12"], await ReceiveTextsAsync(limit: 6));
    }

    [Fact]
    public async Task A_group_that_was_idle_has_saved_up_nothing()
    {
        await EnqueueGroupAsync("b", 1);
        await EnqueueGroupAsync("a", 100);
        await ReceiveAsync(limit: 60);
        await EnqueueGroupAsync("b", 50);

        var next = await ReceiveTextsAsync(limit: 20);

        Assert.InRange(next.Count(static text => text[0] == 'a'), 9, 11);
    }

    [Fact]
    public async Task Who_schedules_thousands_for_one_instant_is_not_before_the_others_at_that_instant()
    {
        var noon = Now.AddSeconds(20);
        await EnqueueGroupAsync("a", (2 * FairOrder.MaxPlacedAtOnce) + 500, noon);
        await EnqueueGroupAsync("b", 2, noon);
        await EnqueueGroupAsync("c", 100);
        await ReceiveAsync(limit: 50);
        await PassAsync(TimeSpan.FromSeconds(20));

        var next = await ReceiveTextsAsync(limit: 5);

        Assert.Equal(["a0", "a1", "b0", "b1", "c50"], next.Order());
    }

    [Fact]
    public async Task A_message_that_is_scheduled_has_its_turn_when_its_time_comes_whatever_came_meanwhile()
    {
        await EnqueueGroupAsync("b", 1, Now.AddSeconds(10));
        await EnqueueGroupAsync("a", 10);
        await PassAsync(TimeSpan.FromSeconds(10));
        await EnqueueGroupAsync("a", 90);

        Assert.Contains("b0", await ReceiveTextsAsync(limit: 2));
    }

    [Fact]
    public async Task A_message_that_was_given_back_or_whose_lease_ended_waits_for_its_groups_turn()
    {
        await EnqueueGroupAsync("b", 2);
        var leased = await ReceiveAsync();
        await EnqueueGroupAsync("a", 100);
        await ReceiveAsync(limit: 1);
        await Receiver.AbandonAsync(leased[0], TimeSpan.Zero, Cancellation);
        Assert.Contains("b0", await ReceiveTextsAsync(limit: 2));

        await PassAsync(Lease);
        await ReceiveAsync(limit: 2);

        Assert.Contains("b1", await ReceiveTextsAsync(limit: 4));
    }

    [Fact]
    public async Task The_order_survives_a_restart()
    {
        await EnqueueGroupAsync("a", 50);
        await Receiver.CompleteAsync(await ReceiveAsync(limit: 10), Cancellation);
        Reopen();
        await EnqueueGroupAsync("b", 2);
        await EnqueueGroupAsync("a", 1);

        Assert.Equal(["a10", "b0", "a11", "b1"], await ReceiveTextsAsync(limit: 4));
        Assert.Equal([.. Enumerable.Range(12, 38).Select(static number => $"a{number}"), "a0"], await ReceiveTextsAsync(limit: 100));
    }

    [Fact]
    public async Task A_thousand_groups_with_one_message_do_not_change_a_larger_ones_order()
    {
        await EnqueueGroupAsync("a", 20);
        foreach (var groups in Enumerable.Range(0, 3_000).Chunk(100))
            await _queue.EnqueueAsync([.. groups.Select(static number => new QueueMessage(new byte[1], Group: $"g{number}"))], Cancellation);
        var others = 0;
        while (others < 3_000)
            others += (await ReceiveTextsAsync(limit: 100)).Count(static text => text[0] != 'a');

        await EnqueueGroupAsync("b", 1);
        await EnqueueGroupAsync("a", 1);

        var rest = await ReceiveTextsAsync(limit: 100);
        Assert.Equal("a0", rest[^1]);
        Assert.InRange(rest.IndexOf("b0"), 0, 1);
    }

    [Fact]
    public async Task Messages_that_could_not_be_written_do_not_push_their_group_back()
    {
        await EnqueueGroupAsync("a", 30);
        await _database.Database.WriteAsync(static session => session.Execute("ALTER TABLE queue_messages RENAME TO gone"), Cancellation);
        for (var tries = 0; tries < 20; tries++)
            await Assert.ThrowsAsync<StoreUnavailableException>(() => EnqueueGroupAsync("b", 1));
        await _database.Database.WriteAsync(static session => session.Execute("ALTER TABLE gone RENAME TO queue_messages"), Cancellation);

        await EnqueueGroupAsync("b", 1);

        Assert.Contains("b0", await ReceiveTextsAsync(limit: 2));
    }

    [Fact]
    public async Task What_is_next_is_found_in_an_index_and_never_by_sorting()
    {
        foreach (var sql in new[] { SqliteQueue.NextReady, FairOrder.NextDue })
        {
            var plan = await _database.Database.WriteAsync(
                session =>
                {
                    using var rows = session.Query($"EXPLAIN QUERY PLAN {sql}");
                    return rows.Read() ? (First: rows.GetString(3), HasMore: rows.Read()) : default;
                },
                Cancellation);

            Assert.StartsWith("SEARCH queue_messages USING INDEX", plan.First, StringComparison.Ordinal);
            Assert.False(plan.HasMore);
        }
    }

    [Fact]
    public async Task A_file_from_before_groups_took_turns_keeps_its_messages()
    {
        using var folder = new TempFolder();
        using (var old = new SqliteSession(folder.Combine("email.db")))
        {
            old.Execute(
                """
                CREATE TABLE queue_messages (
                  sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, visible_at INTEGER NOT NULL,
                  lease TEXT, delivery_count INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL)
                """);
            old.Execute("CREATE INDEX queue_messages_due ON queue_messages (queue, visible_at, sequence)");
            old.Execute("INSERT INTO queue_messages (queue, visible_at, body) VALUES ('queue', 0, x'31')");
        }

        using var data = DataFolder.Open(folder.FullPath);
        using var database = new SqliteDatabase(data, _time);
        using var queue = new SqliteQueue(database, _time, "queue");

        var message = Assert.Single(await queue.ReceiveAsync(10, Lease, Cancellation));
        Assert.Equal("1", TextOf(message));
    }

    private async Task EnqueueGroupAsync(string group, int count, DateTimeOffset? visibleAt = null)
    {
        foreach (var numbers in Enumerable.Range(0, count).Chunk(100))
            await _queue.EnqueueAsync([.. numbers.Select(number => new QueueMessage(Encoding.UTF8.GetBytes($"{group}{number}"), visibleAt, group))], Cancellation);
    }
}
