using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Storage;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TempDatabase _database = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task A_write_that_throws_in_a_shared_commit_neither_fails_nor_halves_the_others()
    {
        var (before, failing, after) = await WithinOneCommitAsync(
            () => InsertTwoAsync("before"),
            () => Database.WriteAsync<bool>(
                session =>
                {
                    Insert(session, "failing");
                    throw new InvalidOperationException("This work is broken.");
                },
                Cancellation),
            () => InsertTwoAsync("after"));

        Assert.True(await before);
        Assert.Equal("This work is broken.", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing)).Message);
        Assert.True(await after);
        Assert.Equal(["after 1", "after 2", "before 1", "before 2"], Rows());
    }

    [Fact]
    public async Task A_write_that_SQLite_refuses_is_unavailable_and_leaves_the_others()
    {
        var (before, failing, after) = await WithinOneCommitAsync(
            () => InsertTwoAsync("before"),
            () => InsertTwoAsync("before"),
            () => InsertTwoAsync("after"));

        Assert.True(await before);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => failing);
        Assert.True(await after);
        Assert.Equal(["after 1", "after 2", "before 1", "before 2"], Rows());
    }

    [Fact]
    public async Task A_write_that_throws_leaves_the_database_usable()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Database.WriteAsync<bool>(static _ => throw new InvalidOperationException(), Cancellation));

        Assert.True(await InsertTwoAsync("later"));
    }

    [Fact]
    public async Task Writes_that_gather_during_a_commit_share_the_next_one()
    {
        // Within a shared commit each write sees those before it, which a reader does not: they are not committed yet.
        var seenByReader = -1;
        var (first, second, third) = await WithinOneCommitAsync(
            () => InsertTwoAsync("a"),
            () => InsertTwoAsync("b"),
            () => Database.WriteAsync(
                session =>
                {
                    seenByReader = Rows().Count;
                    return session.Number("SELECT COUNT(*) FROM entities")!.Value;
                },
                Cancellation));

        Assert.True(await first);
        Assert.True(await second);
        Assert.Equal(4, await third);
        Assert.Equal(0, seenByReader);
    }

    [Fact]
    public async Task A_write_is_readable_once_it_is_answered()
    {
        await InsertTwoAsync("a");

        Assert.Equal(["a 1", "a 2"], Rows());
    }

    [Fact]
    public async Task What_is_pending_when_the_database_closes_is_written()
    {
        var (first, second, third) = await WithinOneCommitAsync(
            () => InsertTwoAsync("a"), () => InsertTwoAsync("b"), () => InsertTwoAsync("c"), whileHeld: () => Task.Run(_database.Reopen, Cancellation));

        await Task.WhenAll(first, second, third);
        Assert.Equal(6, Rows().Count);
    }

    [Fact]
    public void A_closed_database_is_unavailable()
    {
        Database.Dispose();

        Assert.Throws<StoreUnavailableException>(() => Database.Read(static session => session.Number("SELECT 1")));
        Assert.Throws<StoreUnavailableException>(() => { _ = Database.WriteAsync(static _ => 0, CancellationToken.None); });
    }

    [Fact]
    public void A_version_is_higher_than_any_before()
    {
        var versions = Enumerable.Range(0, 3).Select(_ => Database.NextVersion()).ToList();

        Assert.Equal(versions.Order().Distinct(), versions);
        Assert.True(versions[0] > DateTimeOffset.UnixEpoch.Ticks);
    }

    private SqliteDatabase Database => _database.Database;

    /// <summary>Holds the writer thread in a write of its own while three more gather, which then are committed together.</summary>
    private async Task<(Task<T1> First, Task<T2> Second, Task<T3> Third)> WithinOneCommitAsync<T1, T2, T3>(
        Func<Task<T1>> first, Func<Task<T2>> second, Func<Task<T3>> third, Func<Task>? whileHeld = null)
    {
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var holder = Database.WriteAsync(
            _ =>
            {
                held.Set();
                return release.Wait(TimeSpan.FromSeconds(30), CancellationToken.None);
            },
            Cancellation);
        held.Wait(Cancellation);
        var gathered = (first(), second(), third());
        var meanwhile = whileHeld?.Invoke() ?? Task.CompletedTask;
        release.Set();
        Assert.True(await holder);
        await meanwhile;
        return gathered;
    }

    private Task<bool> InsertTwoAsync(string name) => Database.WriteAsync(
        session =>
        {
            Insert(session, $"{name} 1");
            Insert(session, $"{name} 2");
            return true;
        },
        Cancellation);

    private static void Insert(SqliteSession session, string row) => session.Execute(
        "INSERT INTO entities (partition, row, version, properties) VALUES ('p', ?1, 1, x'')", row);

    private List<string> Rows() => Database.Read(static session =>
    {
        var rows = new List<string>();
        using var reader = session.Query("SELECT row FROM entities ORDER BY row");
        while (reader.Read())
            rows.Add(reader.GetString(0));
        return rows;
    });
}
