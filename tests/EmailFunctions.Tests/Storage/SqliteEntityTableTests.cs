using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Storage;

public sealed class SqliteEntityTableTests : EntityTableContract, IDisposable
{
    private readonly TempDatabase _database = new();

    protected override IEntityTable Table => new SqliteEntityTable(_database.Database);

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task What_was_written_survives_a_restart_with_its_version()
    {
        var etag = await InsertAsync("row", "value");

        _database.Reopen();

        var read = await Table.GetAsync(Key("row"), Cancellation);
        Assert.Equal(("value", etag), (read!.GetString("value"), read.ETag));
    }

    [Fact]
    public async Task A_version_does_not_come_back_after_a_restart()
    {
        var etag = await InsertAsync("row");
        await WrittenAsync(EntityWrite.Delete(Key("row"), etag));

        _database.Reopen();

        Assert.NotEqual(etag, await InsertAsync("row"));
    }

    [Fact]
    public async Task A_page_that_ends_with_the_range_names_no_next_one()
    {
        await InsertAllAsync("a", "b");

        Assert.Null((await Table.QueryAsync(EntityQuery.Prefix(Partition, "", pageSize: 2), Cancellation)).Continuation);
    }

    [Fact]
    public async Task A_closed_database_is_unavailable_to_reads_and_writes()
    {
        var table = Table;
        _database.Database.Dispose();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => table.GetAsync(Key("row"), Cancellation));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => table.QueryAsync(EntityQuery.Prefix(Partition, ""), Cancellation));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => table.WriteAsync([EntityWrite.Insert(Row("row"))], Cancellation));
    }
}
