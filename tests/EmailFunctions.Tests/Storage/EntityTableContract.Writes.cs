using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    [Fact]
    public async Task A_key_without_an_entity_reads_null() => Assert.Null(await Table.GetAsync(Key("nowhere"), Cancellation));

    [Fact]
    public async Task A_write_that_is_done_refuses_nothing_and_names_the_ETag_that_is_read()
    {
        var result = await WriteAsync(EntityWrite.Insert(Row("row")));

        Assert.Equal((WriteStatus.Done, -1), (result.Status, result.RefusedIndex));
        Assert.Equal((await Table.GetAsync(Key("row"), Cancellation))!.ETag, Assert.Single(result.ETags));
    }

    [Fact]
    public async Task An_insert_of_a_key_that_is_taken_is_a_conflict_and_changes_nothing()
    {
        var etag = await InsertAsync("row", "first");

        await AssertRefusedAsync(WriteStatus.Conflict, EntityWrite.Insert(Row("row", "second")));

        Assert.Equal("first", await ValueAsync("row"));
        Assert.Equal(etag, (await Table.GetAsync(Key("row"), Cancellation))!.ETag);
    }

    [Fact]
    public async Task A_replace_of_the_version_that_was_read_is_done()
    {
        var etag = await InsertAsync("row", "first");

        await WrittenAsync(EntityWrite.Replace(Row("row", "second"), etag));

        Assert.Equal("second", await ValueAsync("row"));
    }

    [Fact]
    public async Task A_replace_of_an_older_version_is_stale_and_changes_nothing()
    {
        var etag = await InsertAsync("row", "first");
        await WrittenAsync(EntityWrite.Put(Row("row", "second")));

        await AssertRefusedAsync(WriteStatus.Stale, EntityWrite.Replace(Row("row", "third"), etag));

        Assert.Equal("second", await ValueAsync("row"));
    }

    [Fact]
    public async Task A_replace_without_an_ETag_takes_any_version()
    {
        await InsertAsync("row", "first");

        await WrittenAsync(EntityWrite.Replace(Row("row", "second"), etag: null));

        Assert.Equal("second", await ValueAsync("row"));
    }

    [Fact]
    public async Task A_replace_leaves_no_property_of_the_version_before()
    {
        await WrittenAsync(EntityWrite.Insert(new Entity(Partition, "row") { ["old"] = 1, ["value"] = "" }));

        await WrittenAsync(EntityWrite.Replace(Row("row"), etag: null));

        Assert.Equal(["value"], (await Table.GetAsync(Key("row"), Cancellation))!.Properties.Keys);
    }

    [Fact]
    public async Task A_replace_of_nothing_is_missing_with_and_without_an_ETag()
    {
        var etag = await InsertAsync("other");

        await AssertRefusedAsync(WriteStatus.Missing, EntityWrite.Replace(Row("row"), etag));
        await AssertRefusedAsync(WriteStatus.Missing, EntityWrite.Replace(Row("row"), etag: null));

        Assert.Null(await ValueAsync("row"));
    }

    [Fact]
    public async Task A_delete_of_the_version_that_was_read_is_done_and_has_no_ETag()
    {
        var etag = await InsertAsync("row");

        Assert.Equal("", await WrittenAsync(EntityWrite.Delete(Key("row"), etag)));

        Assert.Null(await Table.GetAsync(Key("row"), Cancellation));
    }

    [Fact]
    public async Task A_delete_of_an_older_version_is_stale_and_changes_nothing()
    {
        var etag = await InsertAsync("row", "first");
        await WrittenAsync(EntityWrite.Put(Row("row", "second")));

        await AssertRefusedAsync(WriteStatus.Stale, EntityWrite.Delete(Key("row"), etag));

        Assert.Equal("second", await ValueAsync("row"));
    }

    [Fact]
    public async Task A_delete_without_an_ETag_takes_any_version()
    {
        await InsertAsync("row");

        await WrittenAsync(EntityWrite.Delete(Key("row"), etag: null));

        Assert.Null(await ValueAsync("row"));
    }

    [Fact]
    public async Task A_delete_of_nothing_is_missing_with_and_without_an_ETag()
    {
        var etag = await InsertAsync("row");
        await WrittenAsync(EntityWrite.Delete(Key("row"), etag));

        await AssertRefusedAsync(WriteStatus.Missing, EntityWrite.Delete(Key("row"), etag));
        await AssertRefusedAsync(WriteStatus.Missing, EntityWrite.Delete(Key("row"), etag: null));
    }

    [Fact]
    public async Task A_put_inserts_and_replaces_whole()
    {
        await WrittenAsync(EntityWrite.Put(new Entity(Partition, "row") { ["old"] = 1 }));
        await WrittenAsync(EntityWrite.Put(Row("row", "second")));

        var read = await Table.GetAsync(Key("row"), Cancellation);

        Assert.Equal(["value"], read!.Properties.Keys);
        Assert.Equal("second", read.GetString("value"));
    }

    [Fact]
    public async Task An_ETag_never_comes_back_not_even_with_the_same_content_or_after_a_delete()
    {
        var etags = new List<string> { await InsertAsync("row") };
        for (var round = 0; round < 3; round++)
        {
            etags.Add(await WrittenAsync(EntityWrite.Put(Row("row"))));
            etags.Add(await WrittenAsync(EntityWrite.Replace(Row("row"), etags[^1])));
            await WrittenAsync(EntityWrite.Delete(Key("row"), etags[^1]));
            etags.Add(await InsertAsync("row"));
        }

        Assert.Equal(etags.Count, etags.Distinct().Count());
        Assert.DoesNotContain("", etags);
    }

    [Fact]
    public async Task A_version_from_before_a_delete_is_stale_to_the_row_that_was_inserted_again()
    {
        var etag = await InsertAsync("row", "first");
        await WrittenAsync(EntityWrite.Delete(Key("row"), etag));
        await InsertAsync("row", "second");

        await AssertRefusedAsync(WriteStatus.Stale, EntityWrite.Replace(Row("row", "third"), etag));
        await AssertRefusedAsync(WriteStatus.Stale, EntityWrite.Delete(Key("row"), etag));

        Assert.Equal("second", await ValueAsync("row"));
    }

    [Fact]
    public async Task A_write_leaves_the_version_of_other_rows()
    {
        var etag = await InsertAsync("row");
        await InsertAsync("neighbour");

        await WrittenAsync(EntityWrite.Replace(Row("row"), etag));
    }

    private async Task AssertRefusedAsync(WriteStatus status, EntityWrite write)
    {
        var result = await WriteAsync(write);
        Assert.Equal((status, 0), (result.Status, result.RefusedIndex));
        Assert.False(result.IsDone);
        Assert.Empty(result.ETags);
    }
}
