using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    [Fact]
    public async Task A_range_is_read_in_ordinal_order_of_its_rows()
    {
        await InsertAllAsync("b", "B", "a10", "a", "_", "-", "a9", "ä", "Z", " ", "aa", "日");

        Assert.Equal([" ", "-", "B", "Z", "_", "a", "a10", "a9", "aa", "b", "ä", "日"], await AllRowsAsync());
    }

    [Fact]
    public async Task A_range_holds_its_first_row_and_not_its_end()
    {
        await InsertAllAsync("a", "b", "b1", "c", "d");

        Assert.Equal(["b", "b1", "c"], await RowsAsync(new EntityQuery(Partition, "b", "d")));
    }

    [Fact]
    public async Task A_range_may_begin_and_end_between_rows()
    {
        await InsertAllAsync("a", "b", "c");

        Assert.Equal(["b"], await RowsAsync(new EntityQuery(Partition, "aa", "bb")));
    }

    [Fact]
    public async Task A_range_without_rows_is_empty()
    {
        await InsertAllAsync("a", "d");

        Assert.Empty(await RowsAsync(new EntityQuery(Partition, "b", "d")));
        Assert.Empty(await RowsAsync(new EntityQuery(Partition, "d", "a")));
        Assert.Empty(await RowsAsync(new EntityQuery(Partition + "-none", "a", "z")));
    }

    [Fact]
    public async Task A_prefix_finds_all_rows_that_begin_with_it_and_no_others()
    {
        await InsertAllAsync("msg", "msg,", "msg-", "msg-1", "msg-z", "msg-ü", "msg-日", "msg-😀", "msg.", "Msg-1", "msh", "xmsg-1");

        Assert.Equal(["msg-", "msg-1", "msg-z", "msg-ü", "msg-日", "msg-😀"], await RowsAsync(EntityQuery.Prefix(Partition, "msg-")));
    }

    [Fact]
    public async Task An_entity_of_a_page_is_as_a_read_of_it()
    {
        var etag = await InsertAsync("row", "value");

        var entity = Assert.Single(await ReadAllAsync(EntityQuery.Prefix(Partition, "row")));

        Assert.Equal((Key("row"), etag, "value"), (entity.Key, entity.ETag, entity.GetString("value")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Pages_of_any_size_hold_each_row_once(int pageSize)
    {
        await InsertAllAsync("a", "b", "c", "d", "e", "f", "g");

        Assert.Equal(["a", "b", "c", "d", "e", "f"], await RowsAsync(new EntityQuery(Partition, "a", "g", pageSize)));
    }

    [Fact]
    public async Task More_than_a_thousand_rows_are_read_over_pages()
    {
        string[] rows = [.. Enumerable.Range(0, 1_001).Select(static number => $"{number:D4}")];
        await InsertAllAsync(rows);

        Assert.Equal(rows, await AllRowsAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(EntityLimits.MaxPageSize + 1)]
    public async Task A_page_size_out_of_range_is_refused(int pageSize) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Table.QueryAsync(EntityQuery.Prefix(Partition, "", pageSize), Cancellation));

    [Fact]
    public async Task Rows_that_come_and_go_between_pages_disturb_no_others()
    {
        await InsertAllAsync("b", "d", "f", "h", "j", "l");
        var query = EntityQuery.Prefix(Partition, "", pageSize: 2);
        var first = await Table.QueryAsync(query, Cancellation);
        Assert.Equal(["b", "d"], first.Entities.Select(static entity => entity.Key.Row));

        // One behind, one right where the next page begins, and some ahead.
        await InsertAllAsync("a", "e", "g", "m");
        await WriteAsync(EntityWrite.Delete(Key("b"), etag: null), EntityWrite.Delete(Key("f"), etag: null), EntityWrite.Delete(Key("j"), etag: null));
        var rest = await RowsAsync(query with { Continuation = first.Continuation });

        // Whether a row is seen that came after the first page, right behind it, is the adapter's affair.
        rest.Remove("e");
        Assert.Equal(["g", "h", "l", "m"], rest);
    }

    [Fact]
    public async Task Rows_of_other_partitions_are_never_seen()
    {
        await InsertAllAsync("a", "b", "c");
        foreach (var neighbour in new[] { Partition + "0", Partition[..^1], Partition.ToUpperInvariant() })
            await WrittenAsync(EntityWrite.Insert(new Entity(neighbour, "b2")));

        Assert.Equal(["a", "b", "c"], await RowsAsync(EntityQuery.Prefix(Partition, "", pageSize: 2)));
        Assert.Null(await Table.GetAsync(Key("b2"), Cancellation));
    }
}
