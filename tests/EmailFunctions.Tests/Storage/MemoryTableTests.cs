using EmailFunctions.Storage;
using EmailFunctions.Tests.Simulation;

namespace EmailFunctions.Tests.Storage;

/// <summary>The table of the simulations does what the others do.</summary>
public sealed class MemoryTableTests : EntityTableContract
{
    protected override IEntityTable Table { get; } = new MemoryTable();

    [Fact]
    public async Task What_was_written_or_read_can_be_changed_without_changing_the_table()
    {
        byte[] bytes = [1];
        var written = new Entity(Partition, "row") { ["bytes"] = bytes };
        await WrittenAsync(EntityWrite.Insert(written));
        written["more"] = 1;
        bytes[0] = 2;
        var read = (await Table.GetAsync(Key("row"), Cancellation))!;
        read["more"] = 1;
        read.GetBytes("bytes")![0] = 2;

        var again = (await Table.GetAsync(Key("row"), Cancellation))!;

        Assert.Equal(["bytes"], again.Properties.Keys);
        Assert.Equal([1], again.GetBytes("bytes"));
    }

    [Fact]
    public void Without_strictness_no_limit_is_held_and_versions_are()
    {
        var table = new MemoryTable(isStrict: false);
        var key = new EntityKey("a/b", "c?");
        var etag = table.Write([EntityWrite.Insert(new Entity(key))]).ETags[0];

        Assert.Equal(etag, table.Get(key)!.ETag);
        Assert.True(table.Write([EntityWrite.Replace(new Entity(key), etag)]).IsDone);
        Assert.Equal(WriteStatus.Stale, table.Write([EntityWrite.Replace(new Entity(key), etag)]).Status);
    }
}
