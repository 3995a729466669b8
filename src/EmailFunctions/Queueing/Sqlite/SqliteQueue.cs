using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Queueing.Sqlite;

/// <summary>
/// A durable queue in the local SQLite file. A message is ready, with its place in the order, or it waits for its time: scheduled, or
/// given back for later. It gets its place when its time has come and not before, so that whoever schedules many for one instant is
/// not before the others at that instant. Leases are kept in memory: only one process may use the file, and with it they end.
/// </summary>
internal sealed class SqliteQueue(SqliteDatabase database, TimeProvider time, string name) : IDeliveryQueue, IQueueReceiver, IQueueProbe, IQueueSize, IDisposable
{
    // Timers of .NET end at about 49 days; a wake-up that is too early does no harm.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    internal const string NextReady =
        "SELECT sequence, delivery_count, body, place FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL ORDER BY place, sequence LIMIT ?2";

    private readonly SemaphoreSlim _arrival = new(0, 1);

    // Held while the order or the leases are used: by the writer, and by whoever receives.
    private readonly Lock _gate = new();
    private readonly QueueLeases _leases = new();

    // Null: to be read.
    private FairOrder? _order;

    public TimeSpan LongestDelay => TimeSpan.MaxValue;

    public string QueueName => name;

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken) =>
        EnqueueAfterAsync(static _ => WriteResult.Done([]), messages, cancellationToken);

    /// <summary>Puts messages on the queue in one transaction with rows, unless those are refused.</summary>
    /// <param name="rows">Writes them.</param>
    /// <param name="messages">As of <see cref="EnqueueAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<WriteResult> EnqueueAfterAsync(Func<SqliteSession, WriteResult> rows, IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(messages.Count, 100);
        foreach (var message in messages)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Body.Length, QueueMessage.MaxBodyBytes);

        var now = Now();
        var result = await WriteAsync(
            (session, order) =>
            {
                var written = rows(session);
                if (written.IsDone)
                    Insert(session, order, messages, now);
                return written;
            },
            cancellationToken);
        if (result.IsDone)
            Signal();
        return result;
    }

    public async Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        cancellationToken.ThrowIfCancellationRequested();
        while (HasDue() && !await WriteAsync((session, order) => PlaceDue(session, order), cancellationToken))
        {
            // There are more.
        }

        return database.Read(session => Lease(session, limit, lease));
    }

    public Task<bool> RenewAsync(LeasedMessage message, TimeSpan lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
            return Task.FromResult(_leases.Renew(message, Now(), Milliseconds(time.GetUtcNow() + lease)));
    }

    public async Task<int> CompleteAsync(IReadOnlyList<LeasedMessage> messages, CancellationToken cancellationToken)
    {
        var held = Held(messages);
        await database.WriteAsync(
            session =>
            {
                foreach (var message in held)
                    session.Execute("DELETE FROM queue_messages WHERE sequence = ?1", message.Sequence);
                return true;
            },
            cancellationToken);
        End(held);
        return held.Count;
    }

    public async Task<bool> AbandonAsync(LeasedMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var held = Held([message]);
        var visibleAt = Milliseconds(time.GetUtcNow() + delay);
        await database.WriteAsync(session => held.Count > 0 && GiveBack(session, message.Sequence, message.DeliveryCount, visibleAt), cancellationToken);
        End(held);
        Signal();
        return held.Count > 0;
    }

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var next = database.Read(FindNext);
        var wait = next is long visibleAt
            ? DateTimeOffset.FromUnixTimeMilliseconds(visibleAt) - time.GetUtcNow()
            : LongestTimer;
        if (wait <= TimeSpan.Zero)
            return;

        await using var timer = time.CreateTimer(
            static queue => ((SqliteQueue)queue!).Signal(), this, wait < LongestTimer ? wait : LongestTimer, Timeout.InfiniteTimeSpan);
        await _arrival.WaitAsync(cancellationToken);
    }

    public Task<QueueCount> CountAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(QueueCount.Exactly(database.Read(
            // Each from its index.
            session => session.Number(
                """
                SELECT (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NULL)
                  + (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL)
                """,
                name)!.Value)));
    }

    public Task<long?> CountDueAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(database.Read(
            // Each from its index, too. Whoever was given back was due before, and is not let off by its pause.
            session => session.Number(
                """
                SELECT (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL)
                  + (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NULL AND visible_at <= ?2)
                  + (SELECT COUNT(*) FROM queue_messages WHERE queue = ?1 AND place IS NULL AND delivery_count > 0 AND visible_at > ?2)
                """,
                name, Now())));
    }

    public Task ProbeAsync(CancellationToken cancellationToken) => CountAsync(cancellationToken);

    public void Dispose() => _arrival.Dispose();

    private void Insert(SqliteSession session, FairOrder order, IReadOnlyList<QueueMessage> messages, long now)
    {
        foreach (var message in messages)
        {
            var visibleAt = message.VisibleAt is { } at ? MillisecondsUp(at) : now;
            session.Execute(
                "INSERT INTO queue_messages (queue, visible_at, body, group_name, place) VALUES (?1, ?2, ?3, ?4, ?5)",
                name, visibleAt, message.Body.ToArray(), message.Group, visibleAt <= now ? order.Next(message.Group) : null);
        }
    }

    private long Now() => Milliseconds(time.GetUtcNow());

    private static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    // Rounded up: a message is not delivered before its time, not by a part of a millisecond either.
    private static long MillisecondsUp(DateTimeOffset time) => Milliseconds(time.AddTicks(TimeSpan.TicksPerMillisecond - 1));

    // Whether somebody's time has come, or a lease has ended.
    private bool HasDue()
    {
        lock (_gate)
        {
            if (_leases.FirstEnd <= Now())
                return true;
        }

        return database.Read(session => session.Number("SELECT MIN(visible_at) FROM queue_messages WHERE queue = ?1 AND place IS NULL", name)) <= Now();
    }

    private bool PlaceDue(SqliteSession session, FairOrder order)
    {
        var now = Now();
        foreach (var (sequence, deliveries) in _leases.TakeEnded(now))
            GiveBack(session, sequence, deliveries, now);
        return order.PlaceDue(session, name, now);
    }

    private static bool GiveBack(SqliteSession session, long sequence, int deliveries, long visibleAt) =>
        session.Execute("UPDATE queue_messages SET visible_at = ?1, delivery_count = ?2, place = NULL WHERE sequence = ?3", visibleAt, (long)deliveries, sequence) == 1;

    // Under the gate from the query to the lease, so that no message that is being received or removed is given twice.
    private List<LeasedMessage> Lease(SqliteSession session, int limit, TimeSpan lease)
    {
        lock (_gate)
        {
            var leaseName = Guid.NewGuid().ToString("N");
            var until = Milliseconds(time.GetUtcNow() + lease);
            var received = new List<LeasedMessage>(limit);
            using var reader = session.Query(NextReady, name, (long)limit + _leases.Count);
            while (received.Count < limit && reader.Read())
            {
                var sequence = reader.GetInt64(0);
                if (_leases.Has(sequence))
                    continue;
                var message = new LeasedMessage(sequence, leaseName, (int)reader.GetInt64(1) + 1, reader.GetBytes(2));
                _leases.Add(message, until);
                received.Add(message);
                _order?.Deliver(reader.GetInt64(3));
            }

            return received;
        }
    }

    // A lease that ran out is lost even before another receiver took the message: only then can two never both succeed.
    private List<LeasedMessage> Held(IReadOnlyList<LeasedMessage> messages)
    {
        lock (_gate)
            return [.. messages.Where(message => _leases.Holds(message, Now()))];
    }

    // After the write, or a receiver could still read the message and find it free.
    private void End(List<LeasedMessage> messages)
    {
        lock (_gate)
            messages.ForEach(_leases.End);
    }

    private long? FindNext(SqliteSession session)
    {
        lock (_gate)
        {
            // Those under lease are ready, too, but for nobody.
            var ready = session.Number(
                "SELECT COUNT(*) FROM (SELECT 1 FROM queue_messages WHERE queue = ?1 AND place IS NOT NULL LIMIT ?2)", name, _leases.Count + 1L);
            if (ready > _leases.Count)
                return 0;
            var due = session.Number("SELECT MIN(visible_at) FROM queue_messages WHERE queue = ?1 AND place IS NULL", name);
            return _leases.FirstEnd < (due ?? long.MaxValue) ? _leases.FirstEnd : due;
        }
    }

    // Places that were given in a write which failed would push their group back: they are forgotten with it.
    private async Task<T> WriteAsync<T>(Func<SqliteSession, FairOrder, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await database.WriteAsync(
                session =>
                {
                    lock (_gate)
                        return work(session, _order ??= FairOrder.Read(session, name));
                },
                cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            lock (_gate)
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
