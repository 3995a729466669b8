using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Queueing.Sqlite;

/// <summary>A durable queue in the local SQLite file.</summary>
internal sealed class SqliteQueue(SqliteDatabase database, TimeProvider time, string name) : IDeliveryQueue, IQueueReceiver, IQueueProbe, IDisposable
{
    // Timers of .NET end at about 49 days; a wake-up that is too early does no harm.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim _arrival = new(0, 1);

    public async Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(messages.Count, 100);
        foreach (var message in messages)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Body.Length, QueueMessage.MaxBodyBytes);

        var now = time.GetUtcNow();
        await database.WriteAsync(
            session =>
            {
                foreach (var message in messages)
                {
                    session.Execute(
                        "INSERT INTO queue_messages (queue, visible_at, body) VALUES (?1, ?2, ?3)",
                        name, message.VisibleAt is { } visibleAt ? MillisecondsUp(visibleAt) : Milliseconds(now), message.Body.ToArray());
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

    public Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return database.WriteAsync<IReadOnlyList<LeasedMessage>>(
            session =>
            {
                var now = time.GetUtcNow();
                var leaseName = Guid.NewGuid().ToString("N");
                var received = ReadVisible(session, now, limit, leaseName);
                foreach (var message in received)
                {
                    session.Execute(
                        "UPDATE queue_messages SET visible_at = ?1, lease = ?2, delivery_count = delivery_count + 1 WHERE sequence = ?3",
                        Milliseconds(now + lease), leaseName, message.Sequence);
                }

                return received;
            },
            cancellationToken);
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
        var next = database.Read(session => session.Number("SELECT MIN(visible_at) FROM queue_messages WHERE queue = ?1", name));
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
            session => session.Number("SELECT COUNT(*) FROM queue_messages WHERE queue = ?1", name)!.Value));
    }

    public Task ProbeAsync(CancellationToken cancellationToken) => CountAsync(cancellationToken);

    public void Dispose() => _arrival.Dispose();

    private long Now() => Milliseconds(time.GetUtcNow());

    private static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    // Rounded up: a message is not delivered before its time, not by a part of a millisecond either.
    private static long MillisecondsUp(DateTimeOffset time) => Milliseconds(time.AddTicks(TimeSpan.TicksPerMillisecond - 1));

    private List<LeasedMessage> ReadVisible(SqliteSession session, DateTimeOffset now, int limit, string lease)
    {
        var received = new List<LeasedMessage>(limit);
        using var reader = session.Query(
            "SELECT sequence, delivery_count, body FROM queue_messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, sequence LIMIT ?3",
            name, Milliseconds(now), (long)limit);
        while (reader.Read())
            received.Add(new LeasedMessage(reader.GetInt64(0), lease, (int)reader.GetInt64(1) + 1, reader.GetBytes(2)));
        return received;
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
