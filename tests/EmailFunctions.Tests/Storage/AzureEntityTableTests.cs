using Azure.Data.Tables;
using EmailFunctions.Storage;
using EmailFunctions.Storage.AzureTables;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;

namespace EmailFunctions.Tests.Storage;

public sealed class AzureEntityTableTests(AzuriteFixture azurite) : EntityTableContract, IAsyncLifetime
{
    private readonly RequestCounter _requests = new();
    private TableServiceClient _service = null!;
    private IEntityTable _table = null!;

    protected override IEntityTable Table => _table;

    public async ValueTask InitializeAsync()
    {
        var options = AzureEntityTable.NewOptions();
        options.Transport = _requests.Transport;
        _service = new TableServiceClient((await azurite.GetAsync()).ConnectionString, options);
        _table = new AzureEntityTable(_service, "contract");
    }

    public ValueTask DisposeAsync()
    {
        _requests.Dispose();
        return default;
    }

    [Fact]
    public async Task A_table_that_is_not_there_yet_reads_as_an_empty_one_and_is_not_made_by_that()
    {
        var name = NewName();
        var table = new AzureEntityTable(_service, name);

        Assert.Null(await table.GetAsync(Key("row"), Cancellation));
        var page = await table.QueryAsync(EntityQuery.Prefix(Partition, ""), Cancellation);
        Assert.Empty(page.Entities);
        Assert.Null(page.Continuation);
        Assert.False(await ExistsAsync(name));
    }

    [Fact]
    public async Task The_first_writes_make_the_table_even_if_there_are_several_at_once()
    {
        var table = new AzureEntityTable(_service, NewName());

        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            number => table.WriteAsync([EntityWrite.Insert(Row($"{number}"))], Cancellation)));

        Assert.All(results, static result => Assert.True(result.IsDone));
        Assert.Equal(4, (await table.QueryAsync(EntityQuery.Prefix(Partition, ""), Cancellation)).Entities.Count);
    }

    [Fact]
    public async Task A_replace_in_a_table_that_is_not_there_yet_finds_nothing()
    {
        var table = new AzureEntityTable(_service, NewName());

        Assert.Equal(WriteStatus.Missing, (await table.WriteAsync([EntityWrite.Replace(Row("row"), etag: null)], Cancellation)).Status);
    }

    [Fact]
    public async Task Each_operation_is_one_request()
    {
        await InsertAllAsync("a", "b", "c");

        Assert.Equal(1, await CountAsync(() => Table.GetAsync(Key("a"), Cancellation)));
        Assert.Equal(1, await CountAsync(() => Table.GetAsync(Key("missing"), Cancellation)));
        Assert.Equal(1, await CountAsync(() => WrittenAsync(EntityWrite.Put(Row("a")))));
        Assert.Equal(1, await CountAsync(() => WriteAsync(Inserts("d", 100))));
        Assert.Equal(1, await CountAsync(() => WriteAsync(EntityWrite.Insert(Row("a")))));
        Assert.Equal(1, await CountAsync(() => Table.QueryAsync(EntityQuery.Prefix(Partition, "", pageSize: 2), Cancellation)));
        Assert.Equal(1, await CountAsync(() => Table.QueryAsync(EntityQuery.Prefix(Partition, "none"), Cancellation)));
    }

    private async Task<int> CountAsync(Func<Task> call)
    {
        var before = _requests.Count;
        await call();
        return _requests.Count - before;
    }

    private EntityWrite[] Inserts(string prefix, int count) =>
        [.. Enumerable.Range(0, count).Select(number => EntityWrite.Insert(Row($"{prefix}{number}")))];

    private async Task<bool> ExistsAsync(string name)
    {
        await foreach (var _ in _service.QueryAsync(table => table.Name == name, cancellationToken: Cancellation))
            return true;
        return false;
    }

    private static string NewName() => $"t{Guid.NewGuid():N}";
}
