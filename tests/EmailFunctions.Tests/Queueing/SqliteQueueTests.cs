using EmailFunctions.Queueing;
using EmailFunctions.Queueing.Sqlite;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Queueing;

public sealed partial class SqliteQueueTests : LeasedQueueContract, IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TempDatabase _database;
    private SqliteQueue _queue;

    public SqliteQueueTests()
    {
        _database = new TempDatabase(_time);
        _queue = Open("queue");
    }

    protected override IDeliveryQueue Queue => _queue;

    protected override IQueueSize Size => _queue;

    protected override IQueueReceiver Receiver => _queue;

    // A file has one process, and a process one queue: what competes are its threads.
    protected override IQueueReceiver SecondReceiver => _queue;

    protected override DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose()
    {
        _queue.Dispose();
        _database.Dispose();
    }

    protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_lease_lasts_to_the_millisecond()
    {
        await EnqueueAsync("1");
        var message = await ReceiveOneAsync();

        await PassAsync(Lease - TimeSpan.FromMilliseconds(1));
        Assert.Empty(await ReceiveAsync());
        Assert.True(await Receiver.RenewAsync(message, TimeSpan.FromMilliseconds(1), Cancellation));
        await PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.False(await Receiver.RenewAsync(message, Lease, Cancellation));
        await ReceiveOneAsync();
    }

    [Fact]
    public async Task A_scheduled_message_is_never_early_not_even_by_a_part_of_a_millisecond()
    {
        await EnqueueAtAsync("1", Now.AddTicks(5_000));

        Assert.Empty(await ReceiveAsync());
        await PassAsync(TimeSpan.FromMilliseconds(1));
        await ReceiveOneAsync();
    }

    [Fact]
    public async Task Messages_that_are_due_earlier_come_first_whatever_the_order_in_which_they_came()
    {
        await EnqueueAtAsync("3", Now.AddSeconds(3));
        await EnqueueAtAsync("1", Now.AddSeconds(1));
        await EnqueueAtAsync("2", Now.AddSeconds(2));
        await PassAsync(TimeSpan.FromSeconds(3));

        Assert.Equal(["1", "2"], await ReceiveTextsAsync(limit: 2));
        Assert.Equal(["3"], await ReceiveTextsAsync());
    }

    [Fact]
    public async Task Queues_in_one_file_do_not_see_each_other()
    {
        using var other = Open("other");
        await EnqueueAsync("1");

        Assert.Empty(await other.ReceiveAsync(1, Lease, Cancellation));
        Assert.Equal(QueueCount.Exactly(0), await other.CountAsync(Cancellation));
        Assert.False(other.WaitAsync(Cancellation).IsCompleted);
        await ReceiveOneAsync();
    }

    [Fact]
    public async Task Messages_and_their_counts_survive_a_restart_and_leases_end_with_it()
    {
        await EnqueueAsync("leased", "given back");
        await EnqueueAtAsync("scheduled", Now.AddSeconds(60));
        var messages = await ReceiveAsync();
        await Receiver.AbandonAsync(messages[1], TimeSpan.Zero, Cancellation);

        Reopen();

        Assert.Equal(0, await Receiver.CompleteAsync([messages[0]], Cancellation));
        var again = await ReceiveAsync();
        Assert.Equal([("given back", 2), ("leased", 1)], again.Select(static message => (TextOf(message), message.DeliveryCount)).Order());
        await PassAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("scheduled", await ReceiveTextsAsync());
    }

    [Fact]
    public async Task A_number_is_not_given_twice_so_that_an_old_lease_never_meets_a_new_message()
    {
        await EnqueueAsync("1");
        var first = await ReceiveOneAsync();
        await Receiver.CompleteAsync([first], Cancellation);
        Reopen();

        await EnqueueAsync("2");

        Assert.NotEqual(first.Sequence, (await ReceiveOneAsync()).Sequence);
    }

    [Fact]
    public async Task Waiting_looks_again_within_a_day_for_a_message_that_is_due_in_a_year()
    {
        await EnqueueAtAsync("1", Now.AddDays(365));
        var waiting = StartWaiting();

        await PassAsync(TimeSpan.FromDays(1));

        await SoonAsync(waiting);
    }

    [Fact]
    public async Task A_probe_of_a_closed_database_says_that_the_store_is_unavailable()
    {
        await _queue.ProbeAsync(Cancellation);
        _database.Database.Dispose();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => _queue.ProbeAsync(Cancellation));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => EnqueueAsync("1"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ReceiveAsync());
    }

    private SqliteQueue Open(string name) => new(_database.Database, _time, name);

    private void Reopen()
    {
        _queue.Dispose();
        _database.Reopen();
        _queue = Open("queue");
    }
}
