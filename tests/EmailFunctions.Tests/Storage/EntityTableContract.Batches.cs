using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    /// <summary>Each kind of refusal, as the first, a middle and the last of five writes.</summary>
    public static TheoryData<EntityWriteKind, WriteStatus, bool, int> Refusals
    {
        get
        {
            var data = new TheoryData<EntityWriteKind, WriteStatus, bool, int>();
            foreach (var index in new[] { 0, 2, 4 })
            {
                data.Add(EntityWriteKind.Insert, WriteStatus.Conflict, false, index);
                foreach (var kind in new[] { EntityWriteKind.Replace, EntityWriteKind.Delete })
                {
                    data.Add(kind, WriteStatus.Stale, true, index);
                    data.Add(kind, WriteStatus.Missing, true, index);
                    data.Add(kind, WriteStatus.Missing, false, index);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_batch_with_a_write_that_is_refused_names_it_and_changes_nothing(
        EntityWriteKind kind, WriteStatus status, bool withETag, int index)
    {
        await InsertAllAsync("delete", "put", "refused", "replace");
        var stale = (await Table.GetAsync(Key("refused"), Cancellation))!.ETag;
        await WrittenAsync(EntityWrite.Put(Row("refused", "refused")));
        var key = status == WriteStatus.Missing ? "missing" : "refused";
        var before = await SnapshotAsync();
        List<EntityWrite> writes =
        [
            EntityWrite.Insert(Row("insert", "changed")),
            EntityWrite.Put(Row("put", "changed")),
            EntityWrite.Replace(Row("replace", "changed"), etag: null),
            EntityWrite.Delete(Key("delete"), etag: null),
        ];
        writes.Insert(index, Write(kind, Row(key, "changed"), withETag ? stale : null));

        var result = await WriteAsync([.. writes]);

        Assert.Equal((status, index), (result.Status, result.RefusedIndex));
        Assert.Empty(result.ETags);
        Assert.Equal(before, await SnapshotAsync());
    }

    [Fact]
    public async Task A_batch_of_all_kinds_is_done_as_a_whole_with_an_ETag_for_each_write()
    {
        await InsertAllAsync("delete", "put", "replace");
        var etag = (await Table.GetAsync(Key("replace"), Cancellation))!.ETag;

        var result = await WriteAsync(
            EntityWrite.Insert(Row("insert", "new")),
            EntityWrite.Delete(Key("delete"), etag: null),
            EntityWrite.Put(Row("put", "new")),
            EntityWrite.Replace(Row("replace", "new"), etag));

        Assert.Equal((WriteStatus.Done, -1), (result.Status, result.RefusedIndex));
        Assert.Equal("", result.ETags[1]);
        var read = await ReadAllAsync(EntityQuery.Prefix(Partition, ""));
        Assert.Equal(["insert", "put", "replace"], read.Select(static entity => entity.Key.Row));
        Assert.All(read, static entity => Assert.Equal("new", entity.GetString("value")));
        Assert.Equal([result.ETags[0], result.ETags[2], result.ETags[3]], read.Select(static entity => entity.ETag!));
    }

    [Fact]
    public async Task The_first_of_two_refusals_is_named()
    {
        await InsertAsync("taken");

        var result = await WriteAsync(
            EntityWrite.Put(Row("a")), EntityWrite.Insert(Row("taken")), EntityWrite.Delete(Key("missing"), etag: null));

        Assert.Equal((WriteStatus.Conflict, 1), (result.Status, result.RefusedIndex));
    }

    [Fact]
    public async Task A_batch_over_two_partitions_is_refused()
    {
        foreach (var row in new[] { "row", "other" })
            await AssertBrokenAsync(EntityWrite.Insert(Row("row")), EntityWrite.Insert(new Entity(Partition + "-2", row)));

        Assert.Empty(await AllRowsAsync());
    }

    [Fact]
    public async Task A_batch_that_names_a_row_twice_is_refused()
    {
        await AssertBrokenAsync(EntityWrite.Insert(Row("row")), EntityWrite.Delete(Key("row"), etag: null));

        Assert.Empty(await AllRowsAsync());
    }

    [Fact]
    public async Task A_batch_may_name_rows_that_differ_by_case() =>
        Assert.True((await WriteAsync(EntityWrite.Insert(Row("row")), EntityWrite.Insert(Row("Row")))).IsDone);

    [Fact]
    public async Task An_empty_batch_is_refused() => await AssertBrokenAsync();

    // Rows of one batch may have the same ETag: it names a version of its row.
    [Fact]
    public async Task A_batch_of_100_is_done()
    {
        var result = await WriteAsync(Inserts(100));

        var read = await ReadAllAsync(EntityQuery.Prefix(Partition, ""));
        Assert.Equal(100, read.Count);
        Assert.Equal(result.ETags, read.Select(static entity => entity.ETag!));
    }

    [Fact]
    public async Task A_batch_of_101_is_refused()
    {
        await AssertBrokenAsync(Inserts(101));

        Assert.Empty(await AllRowsAsync());
    }

    private static EntityWrite Write(EntityWriteKind kind, Entity entity, string? etag) => kind switch
    {
        EntityWriteKind.Insert => EntityWrite.Insert(entity),
        EntityWriteKind.Replace => EntityWrite.Replace(entity, etag),
        EntityWriteKind.Put => EntityWrite.Put(entity),
        _ => EntityWrite.Delete(entity.Key, etag),
    };

    private EntityWrite[] Inserts(int count) => [.. Enumerable.Range(0, count).Select(number => EntityWrite.Insert(Row($"{number:D3}")))];

    private async Task AssertBrokenAsync(params EntityWrite[] writes) =>
        await Assert.ThrowsAsync<EntityLimitException>(() => WriteAsync(writes));

    private async Task<List<(string Row, string? Value, string? ETag)>> SnapshotAsync() =>
        [.. (await ReadAllAsync(EntityQuery.Prefix(Partition, ""))).Select(static entity => (entity.Key.Row, entity.GetString("value"), entity.ETag))];
}
