using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Queueing.Sqlite;

/// <summary>
/// A durable queue in the local SQLite file. A message is ready, with its place in the order, or it waits for its time: scheduled,
/// given back for later, or under lease. It gets its place when its time has come and not before, so that whoever schedules many
/// for one instant is not before the others at that instant.
/// </summary>
internal sealed class SqliteQueue(SqliteDatabase database, TimeProvider time, string name) : IDeliveryQueue, IQueueReceiver, IQueueProbe, IDisposable
{
    // Timers of .NET end at about 49 days; a wake-up that is too early does no harm.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    internal const string NextReady =
        "SELECT sequence, delivery_count, body, place FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL ORDER BY place, sequence LIMIT ?2";

    private readonly SemaphoreSlim _arrival = new(0, 1);

    // Null: to be read.
    private volatile FairOrder? _order;

    public async Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(messages.Count, 100);
        foreach (var message in messages)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Body.Length, QueueMessage.MaxBodyBytes);

        var now = Now();
        await WriteAsync(
            (session, order) =>
            {
                foreach (var message in messages)
                {
                    var visibleAt = message.VisibleAt is { } at ? MillisecondsUp(at) : now;
                    session.Execute(
                        "INSERT INTO queue_messages (queue, visible_at, body, group_name, place) VALUES (?1, ?2, ?3, ?4, ?5)",
                        name, visibleAt, message.Body.ToArray(), message.Group, visibleAt <= now ? order.Next(message.Group) : null);
                }

                return true;
            },
            cancellationToken);
        Signal();
    }

    /// <summary>
    /// Makes every leased message visible at once. Right only where no other process can hold a lease: at start, under the data
    /// folder's lock.
    /// </summary>
    public Task<int> ReleaseLeasesAsync(CancellationToken cancellationToken)
    {
        var now = Now();
        return database.WriteAsync(
            session => session.Execute(
                "UPDATE queue_messages SET visible_at = ?1, lease = NULL WHERE queue = ?2 AND lease IS NOT NULL", now, name),
            cancellationToken);
    }

    public async Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        while (true)
        {
            var received = await WriteAsync(
                (session, order) => order.PlaceDue(session, name, Now()) ? Lease(session, order, limit, lease) : null, cancellationToken);
            if (received is not null)
                return received;
        }
    }

    // A lease that ran out is lost even before another receiver took the message: only then can two never both succeed.
    public Task<bool> RenewAsync(LeasedMessage message, TimeSpan lease, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session => session.Execute(
                "UPDATE queue_messages SET visible_at = ?4 WHERE sequence = ?1 AND lease = ?2 AND visible_at > ?3",
                message.Sequence, message.Lease, Now(), Milliseconds(time.GetUtcNow() + lease)) == 1,
            cancellationToken);

    public Task<int> CompleteAsync(IReadOnlyList<LeasedMessage> messages, CancellationToken cancellationToken) =>
        database.WriteAsync(
            session =>
            {
                var now = Now();
                return messages.Sum(message => session.Execute(
                    "DELETE FROM queue_messages WHERE sequence = ?1 AND lease = ?2 AND visible_at > ?3", message.Sequence, message.Lease, now));
            },
            cancellationToken);

    public async Task<bool> AbandonAsync(LeasedMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var held = await database.WriteAsync(
            session => session.Execute(
                "UPDATE queue_messages SET visible_at = ?4, lease = NULL WHERE sequence = ?1 AND lease = ?2 AND visible_at > ?3",
                message.Sequence, message.Lease, Now(), Milliseconds(time.GetUtcNow() + delay)) == 1,
            cancellationToken);
        Signal();
        return held;
    }

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var next = database.Read(session => session.Number(
            """
            SELECT CASE WHEN EXISTS (SELECT 1 FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL) THEN 0
              ELSE (SELECT MIN(visible_at) FROM queue_messages WHERE queue = ?1 AND place IS NULL) END
            """,
            name));
        var wait = next is long visibleAt
            ? DateTimeOffset.FromUnixTimeMilliseconds(visibleAt) - time.GetUtcNow()
            : LongestTimer;
        if (wait <= TimeSpan.Zero)
            return;

        await using var timer = time.CreateTimer(
            static queue => ((SqliteQueue)queue!).Signal(), this, wait < LongestTimer ? wait : LongestTimer, Timeout.InfiniteTimeSpan);
        await _arrival.WaitAsync(cancellationToken);
    }

    public Task<long> CountAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(database.Read(
            // Each from its index.
            session => session.Number(
                """
                SELECT (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NULL)
                  + (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL)
                """,
                name)!.Value));
    }

    public Task ProbeAsync(CancellationToken cancellationToken) => CountAsync(cancellationToken);

    public void Dispose() => _arrival.Dispose();

    private long Now() => Milliseconds(time.GetUtcNow());

    private static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    // Rounded up: a message is not delivered before its time, not by a part of a millisecond either.
    private static long MillisecondsUp(DateTimeOffset time) => Milliseconds(time.AddTicks(TimeSpan.TicksPerMillisecond - 1));

    private List<LeasedMessage> Lease(SqliteSession session, FairOrder order, int limit, TimeSpan lease)
    {
        var leaseName = Guid.NewGuid().ToString("N");
        var received = new List<LeasedMessage>(limit);
        using (var reader = session.Query(NextReady, name, (long)limit))
        {
            while (reader.Read())
            {
                received.Add(new LeasedMessage(reader.GetInt64(0), leaseName, (int)reader.GetInt64(1) + 1, reader.GetBytes(2)));
                order.Deliver(reader.GetInt64(3));
            }
        }

        var until = Milliseconds(time.GetUtcNow() + lease);
        foreach (var message in received)
        {
            session.Execute(
                "UPDATE queue_messages SET visible_at = ?1, lease = ?2, delivery_count = delivery_count + 1, place = NULL WHERE sequence = ?3",
                until, leaseName, message.Sequence);
        }

        return received;
    }

    // Places that were given in a write which failed would push their group back: they are forgotten with it.
    private async Task<T> WriteAsync<T>(Func<SqliteSession, FairOrder, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await database.WriteAsync(session => work(session, _order ??= FairOrder.Read(session, name)), cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _order = null;
            throw;
        }
    }

    private void Signal()
    {
        try
        {
            _arrival.Release();
        }
        catch (SemaphoreFullException)
        {
            // A wake-up is pending already; one is enough.
        }
    }
}
