using System.Text;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.Sqlite;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Queueing;

public sealed class SqliteOutboxTests : OutboxContract, IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TempDatabase _database;
    private SqliteQueue _queue;

    public SqliteOutboxTests()
    {
        _database = new TempDatabase(_time);
        _queue = new SqliteQueue(_database.Database, _time, "queue");
    }

    protected override IOutbox Outbox => new SqliteOutbox(new SqliteEntityTable(_database.Database), _queue);

    protected override IEntityTable Table => new SqliteEntityTable(_database.Database);

    public void Dispose()
    {
        _queue.Dispose();
        _database.Dispose();
    }

    [Fact]
    public async Task Both_survive_a_restart()
    {
        await Outbox.WriteAsync([Insert("a")], [Message("1")], Cancellation);

        _queue.Dispose();
        _database.Reopen();
        _queue = new SqliteQueue(_database.Database, _time, "queue");

        Assert.NotNull(await ReadAsync("a"));
        Assert.Equal(["1"], await TakeAllAsync());
    }

    [Fact]
    public async Task A_receiver_that_waits_is_woken()
    {
        var waiting = _queue.WaitAsync(Cancellation);
        await Outbox.WriteAsync([Insert("a")], [Message("1")], Cancellation);

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    protected override async Task<IReadOnlyList<string>> TakeAllAsync() =>
        [.. (await _queue.ReceiveAsync(1_000, TimeSpan.FromMinutes(1), Cancellation)).Select(static message => Encoding.UTF8.GetString(message.Body.Span))];
}

public sealed class SequentialOutboxTests : OutboxContract, IDisposable
{
    private readonly TempDatabase _database = new();
    private readonly ListQueue _queue = new();

    protected override IOutbox Outbox => new SequentialOutbox(Table, _queue);

    protected override IEntityTable Table => new SqliteEntityTable(_database.Database);

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Rows_whose_messages_can_not_be_put_on_the_queue_are_written_all_the_same()
    {
        _queue.IsDown = true;

        var result = await Outbox.WriteAsync([Insert("a")], [Message("1")], Cancellation);

        Assert.True(result.Rows.IsDone);
        Assert.NotNull(result.Failure);
        Assert.NotNull(await ReadAsync("a"));
    }

    protected override Task<IReadOnlyList<string>> TakeAllAsync()
    {
        var texts = _queue.Messages.Select(static message => Encoding.UTF8.GetString(message.Body.Span)).ToList();
        _queue.Messages.Clear();
        return Task.FromResult<IReadOnlyList<string>>(texts);
    }
}
