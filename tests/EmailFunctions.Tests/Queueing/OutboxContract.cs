using System.Text;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Queueing;

/// <summary>What every outbox does. An adapter joins by a subclass that opens one with its table and its queue.</summary>
public abstract class OutboxContract
{
    protected const string Partition = "p";

    protected abstract IOutbox Outbox { get; }

    protected abstract IEntityTable Table { get; }

    /// <summary>Takes all that is visible from the queue.</summary>
    protected abstract Task<IReadOnlyList<string>> TakeAllAsync();

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_and_messages_are_there_together()
    {
        var result = await Outbox.WriteAsync([Insert("a"), Insert("b")], [Message("1"), Message("2")], Cancellation);

        Assert.True(result.Rows.IsDone);
        Assert.Null(result.Failure);
        Assert.Equal(result.Rows.ETags[0], (await ReadAsync("a"))!.ETag);
        Assert.NotNull(await ReadAsync("b"));
        Assert.Equal(["1", "2"], await TakeAllAsync());
    }

    [Fact]
    public async Task Rows_that_are_refused_bring_no_message_and_change_nothing()
    {
        await Table.WriteAsync([Insert("taken")], Cancellation);

        var result = await Outbox.WriteAsync([Insert("new"), Insert("taken")], [Message("1")], Cancellation);

        Assert.Equal((WriteStatus.Conflict, 1), (result.Rows.Status, result.Rows.RefusedIndex));
        Assert.Null(await ReadAsync("new"));
        Assert.Empty(await TakeAllAsync());
    }

    [Fact]
    public async Task Rows_may_come_without_messages()
    {
        Assert.True((await Outbox.WriteAsync([Insert("a")], [], Cancellation)).Rows.IsDone);

        Assert.NotNull(await ReadAsync("a"));
        Assert.Empty(await TakeAllAsync());
    }

    [Fact]
    public async Task Rows_beyond_the_limits_of_a_table_bring_no_message()
    {
        await Assert.ThrowsAsync<EntityLimitException>(() => Outbox.WriteAsync([Insert("a"), Insert("a")], [Message("1")], Cancellation));

        Assert.Null(await ReadAsync("a"));
        Assert.Empty(await TakeAllAsync());
    }

    [Fact]
    public async Task A_cancelled_call_writes_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Outbox.WriteAsync([Insert("a")], [Message("1")], new CancellationToken(canceled: true)));

        Assert.Null(await ReadAsync("a"));
        Assert.Empty(await TakeAllAsync());
    }

    [Fact]
    public async Task Many_at_once_each_have_their_row_and_their_message()
    {
        var names = Enumerable.Range(0, 200).Select(static number => $"{number:d3}").ToList();

        await Task.WhenAll(names.Select(name => Task.Run(() => Outbox.WriteAsync([Insert(name)], [Message(name)], Cancellation), Cancellation)));

        Assert.Equal(names, (await TakeAllAsync()).Order());
        Assert.Equal(names, (await Table.QueryAsync(EntityQuery.Prefix(Partition, ""), Cancellation)).Entities.Select(static entity => entity.Key.Row));
    }

    protected static EntityWrite Insert(string row) => EntityWrite.Insert(new Entity(Partition, row) { ["value"] = row });

    protected static QueueMessage Message(string text) => new(Encoding.UTF8.GetBytes(text));

    protected Task<Entity?> ReadAsync(string row) => Table.GetAsync(new EntityKey(Partition, row), Cancellation);
}
