using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>
/// The one SQLite file of a local service, in WAL mode. All writes go through one thread, which commits whatever has gathered
/// while the last commit was being synced: under load many callers share one sync, alone a caller waits for its own. A write is
/// answered after its commit is synced to the disk.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int MaxWritesPerCommit = 512;
    private const int WritesPerAnswer = 4;

    private readonly BlockingCollection<PendingWrite> _pending = [];
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly string _file;
    private readonly Thread _writer;
    private long _lastVersion;
    private volatile bool _disposed;

    public SqliteDatabase(DataFolder folder, TimeProvider time)
    {
        _file = Path.Combine(folder.FullPath, "email.db");
        // A version must never come back, not even after the row with the highest one was deleted: start from the clock.
        _lastVersion = time.GetUtcNow().UtcTicks;
        CreateForOwnerOnly(_file);
        var session = new SqliteSession(_file);
        Prepare(session);
        _writer = new Thread(() => WriteUntilClosed(session)) { IsBackground = true, Name = "sqlite-writer" };
        _writer.Start();
    }

    /// <summary>A new entity version, higher than any before. For the writer thread only.</summary>
    public long NextVersion() => ++_lastVersion;

    /// <summary>
    /// Runs <paramref name="work"/> within the next commit and returns its result once that is durable. The work must do all
    /// its checks before its first change, since it shares a transaction with others.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing of the work was written.</exception>
    public Task<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var write = new PendingWrite<T>(work);
        try
        {
            _pending.Add(write, CancellationToken.None);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            throw Closed(exception);
        }

        return write.Completion;
    }

    /// <summary>Runs <paramref name="work"/> at once on a connection of its own; it sees all that is committed.</summary>
    /// <exception cref="StoreUnavailableException">The file can't be read, or the database is closed.</exception>
    public T Read<T>(Func<SqliteSession, T> work)
    {
        if (_disposed)
            throw Closed();
        try
        {
            if (!_readers.TryTake(out var session))
                session = OpenReader();
            try
            {
                return work(session);
            }
            finally
            {
                Return(session);
            }
        }
        catch (SqliteException exception)
        {
            throw Unavailable(exception);
        }
    }

    /// <summary>Writes what is pending, folds the log back into the file, so that no deleted text stays in it, and closes.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _pending.CompleteAdding();
        _disposed = true;
        while (_readers.TryTake(out var reader))
            reader.Dispose();
        _writer.Join();
        _pending.Dispose();
    }

    // Mail that waits lies in it in clear. SQLite gives the log the same mode.
    private static void CreateForOwnerOnly(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var created = new FileStream(file, options);
    }

    private static void Prepare(SqliteSession session)
    {
        session.Execute("PRAGMA journal_mode = WAL");
        Configure(session);
        // FULL syncs the log at each commit. secure_delete overwrites what is deleted: bodies and addresses must be gone.
        session.Execute("PRAGMA synchronous = FULL");
        session.Execute("PRAGMA secure_delete = ON");
        session.Execute("PRAGMA wal_autocheckpoint = 4000");
        session.Execute(
            """
            CREATE TABLE IF NOT EXISTS entities (
              partition TEXT NOT NULL, row TEXT NOT NULL, version INTEGER NOT NULL, properties BLOB NOT NULL,
              large BLOB, PRIMARY KEY (partition, row)) WITHOUT ROWID
            """);
        session.Execute(
            """
            CREATE TABLE IF NOT EXISTS large_values (id INTEGER PRIMARY KEY, value BLOB NOT NULL)
            """);
        session.Execute(
            """
            CREATE TABLE IF NOT EXISTS queue_messages (
              sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, visible_at INTEGER NOT NULL,
              delivery_count INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL,
              group_name TEXT NOT NULL DEFAULT '', place INTEGER)
            """);
        // A file from before groups took turns.
        if (session.Number("SELECT COUNT(*) FROM pragma_table_info('queue_messages') WHERE name = 'place'") == 0)
        {
            session.Execute("ALTER TABLE queue_messages ADD COLUMN group_name TEXT NOT NULL DEFAULT ''");
            session.Execute("ALTER TABLE queue_messages ADD COLUMN place INTEGER");
            session.Execute("DROP INDEX queue_messages_due");
        }

        session.Execute("CREATE INDEX IF NOT EXISTS queue_messages_ready ON queue_messages (queue, place) WHERE place IS NOT NULL");
        session.Execute("CREATE INDEX IF NOT EXISTS queue_messages_waiting ON queue_messages (queue, visible_at) WHERE place IS NULL");
        session.Execute("CREATE INDEX IF NOT EXISTS queue_messages_given_back ON queue_messages (queue, visible_at) WHERE place IS NULL AND delivery_count > 0");
    }

    private static void Configure(SqliteSession session)
    {
        session.Execute("PRAGMA cache_size = -8192");
        session.Execute("PRAGMA busy_timeout = 10000");
    }

    private static StoreUnavailableException Closed(Exception? inner = null) => new("The local database is closed.", inner);

    private static StoreUnavailableException Unavailable(SqliteException exception) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The local database answered SQLite error {exception.SqliteErrorCode}."), exception);

    private SqliteSession OpenReader()
    {
        var session = new SqliteSession(_file);
        Configure(session);
        session.Execute("PRAGMA query_only = ON");
        return session;
    }

    private void Return(SqliteSession session)
    {
        _readers.Add(session);
        // A read that ends while the database closes must not leave a connection behind.
        if (_disposed && _readers.TryTake(out var late))
            late.Dispose();
    }

    private void WriteUntilClosed(SqliteSession session)
    {
        var batch = new List<PendingWrite>(MaxWritesPerCommit);
        foreach (var first in _pending.GetConsumingEnumerable())
        {
            batch.Add(first);
            while (batch.Count < MaxWritesPerCommit && _pending.TryTake(out var next))
                batch.Add(next);

            if (!TryCommit(session, batch) && batch.Count > 1)
            {
                // One of them broke the transaction; alone each shows its own result.
                foreach (var write in batch)
                    TryCommit(session, [write]);
            }

            for (var start = 0; start < batch.Count; start += WritesPerAnswer)
                ThreadPool.UnsafeQueueUserWorkItem(new Answers([.. batch.Skip(start).Take(WritesPerAnswer)]), preferLocal: false);
            batch.Clear();
        }

        session.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        session.Dispose();
    }

    private static bool TryCommit(SqliteSession session, List<PendingWrite> batch)
    {
        try
        {
            session.Execute("BEGIN IMMEDIATE");
            foreach (var write in batch)
                write.Run(session);
            session.Execute("COMMIT");
            return true;
        }
#pragma warning disable CA1031 // Whatever went wrong is the answer of the writes concerned; the thread must live on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Rollback(session);
            var answer = exception is SqliteException sqlite ? Unavailable(sqlite) : exception;
            foreach (var write in batch)
                write.Fail(answer);
            return false;
        }
    }

    private static void Rollback(SqliteSession session)
    {
        try
        {
            session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does on a full disk.
        }
    }

    /// <summary>
    /// Answers a few writes of a commit, one after the other: what follows each is short, and a work item for each would cost more
    /// in threads woken than it gains.
    /// </summary>
    private sealed class Answers(PendingWrite[] writes) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            foreach (var write in writes)
                write.Answer();
        }
    }

    private abstract class PendingWrite
    {
        public abstract void Run(SqliteSession session);

        public abstract void Fail(Exception exception);

        public abstract void Answer();
    }

    private sealed class PendingWrite<T>(Func<SqliteSession, T> work) : PendingWrite
    {
        private readonly TaskCompletionSource<T> _completion = new();
        private T? _result;
        private Exception? _exception;

        public Task<T> Completion => _completion.Task;

        public override void Run(SqliteSession session)
        {
            _result = work(session);
            _exception = null;
        }

        public override void Fail(Exception exception) => _exception = exception;

        public override void Answer()
        {
            if (_exception is null)
                _completion.SetResult(_result!);
            else
                _completion.SetException(_exception);
        }
    }
}
