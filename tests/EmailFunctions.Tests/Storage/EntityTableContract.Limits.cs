using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_property_may_hold_64_KiB_and_no_more(bool asText)
    {
        await WrittenAsync(EntityWrite.Insert(new Entity(Partition, "at") { ["big"] = Value(EntityLimits.MaxPropertyBytes, asText) }));

        var refusal = await Assert.ThrowsAsync<EntityLimitException>(() => WriteAsync(
            EntityWrite.Insert(new Entity(Partition, "over") { ["big"] = Value(EntityLimits.MaxPropertyBytes + (asText ? 2 : 1), asText) })));

        Assert.Contains("big", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(Value(EntityLimits.MaxPropertyBytes, asText), (await Table.GetAsync(Key("at"), Cancellation))!.Properties["big"]);
        Assert.Equal(["at"], await AllRowsAsync());
    }

    [Fact]
    public async Task An_entity_may_hold_1_MiB_and_no_more()
    {
        await WrittenAsync(EntityWrite.Put(OfSize("at", EntityLimits.MaxEntityBytes)));

        await AssertBrokenAsync(EntityWrite.Put(OfSize("over", EntityLimits.MaxEntityBytes + 1)));

        Assert.Equal(["at"], await AllRowsAsync());
    }

    [Fact]
    public async Task An_entity_may_have_252_properties_and_no_more()
    {
        await WrittenAsync(EntityWrite.Insert(WithProperties("at", EntityLimits.MaxProperties)));

        await AssertBrokenAsync(EntityWrite.Insert(WithProperties("over", EntityLimits.MaxProperties + 1)));

        Assert.Equal(WithProperties("at", EntityLimits.MaxProperties).Properties, (await Table.GetAsync(Key("at"), Cancellation))!.Properties);
        Assert.Equal(["at"], await AllRowsAsync());
    }

    [Fact]
    public async Task A_batch_may_hold_4_MiB_and_no_more_deletions_not_counted()
    {
        const int Fifth = EntityLimits.MaxBatchBytes / 5;
        const int Rest = EntityLimits.MaxBatchBytes - (4 * Fifth);
        await InsertAsync("gone");
        var delete = EntityWrite.Delete(Key("gone"), etag: null);
        EntityWrite[] four = [.. Enumerable.Range(0, 4).Select(number => EntityWrite.Put(OfSize($"{number}", Fifth)))];

        await AssertBrokenAsync([.. four, EntityWrite.Put(OfSize("4", Rest + 1)), delete]);
        Assert.Equal(["gone"], await AllRowsAsync());

        Assert.True((await WriteAsync([.. four, EntityWrite.Put(OfSize("4", Rest)), delete])).IsDone);
        Assert.Equal(["0", "1", "2", "3", "4"], await AllRowsAsync());
    }

    // Azure Tables limits what is sent.
    [Theory]
    [InlineData(48 * 1024, true)]
    [InlineData(64 * 1024, false)]
    public async Task Bytes_count_in_a_batch_as_the_base64_that_they_are_sent_as(int length, bool fits)
    {
        EntityWrite[] writes = [.. Enumerable.Range(0, 60).Select(number => EntityWrite.Put(new Entity(Partition, $"{number:D2}") { ["body"] = new byte[length] }))];

        if (fits)
            Assert.True((await WriteAsync(writes)).IsDone);
        else
            await AssertBrokenAsync(writes);

        Assert.Equal(fits ? 60 : 0, (await AllRowsAsync()).Count);
    }

    [Theory]
    [InlineData("_")]
    [InlineData("a1_B")]
    [InlineData("timestamp")]
    public async Task A_property_may_have_a_name_of_letters_digits_and_underscores(string name)
    {
        await WrittenAsync(EntityWrite.Insert(new Entity(Partition, "row") { [name] = "value", [name.PadRight(255, 'x')] = "longest" }));

        Assert.Equal([name, name.PadRight(255, 'x')], (await Table.GetAsync(Key("row"), Cancellation))!.Properties.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a-b")]
    [InlineData("a b")]
    [InlineData("1a")]
    [InlineData("ä")]
    [InlineData("odata.etag")]
    [InlineData("PartitionKey")]
    [InlineData("RowKey")]
    [InlineData("Timestamp")]
    public async Task A_property_with_another_name_or_a_reserved_one_is_refused(string name) => await AssertPropertyRefusedAsync(name, "value");

    [Fact]
    public async Task A_property_with_a_name_of_more_than_255_characters_is_refused() => await AssertPropertyRefusedAsync(new string('x', 256), "value");

    [Fact]
    public async Task A_time_before_1601_is_refused()
    {
        await AssertPropertyRefusedAsync("time", EarliestTime.AddTicks(-1));
        await AssertPropertyRefusedAsync("time", DateTimeOffset.MinValue);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public async Task A_number_that_is_none_is_refused(double value) => await AssertPropertyRefusedAsync("number", value);

    [Fact]
    public async Task A_key_may_have_512_characters_in_each_part_and_no_more()
    {
        var longest = new EntityKey(Partition.PadRight(EntityLimits.MaxKeyCharacters, 'p'), new string('r', EntityLimits.MaxKeyCharacters));

        await WriteReadQueryDeleteAsync(longest);

        await AssertKeyRefusedAsync(longest with { Partition = longest.Partition + "p" });
        await AssertKeyRefusedAsync(longest with { Row = longest.Row + "r" });
    }

    [Fact]
    public async Task A_write_over_a_limit_keeps_the_whole_batch_from_being_written()
    {
        await AssertBrokenAsync(EntityWrite.Insert(Row("a")), EntityWrite.Insert(OfSize("b", EntityLimits.MaxEntityBytes + 1)), EntityWrite.Insert(Row("c")));

        Assert.Empty(await AllRowsAsync());
    }

    private async Task AssertPropertyRefusedAsync(string name, object value)
    {
        await AssertBrokenAsync(EntityWrite.Put(new Entity(Partition, "row") { [name] = value }));

        Assert.Empty(await AllRowsAsync());
    }

    // A text counts two bytes a character, whatever it takes on the wire.
    private static object Value(int bytes, bool asText) => asText ? new string('x', bytes / 2) : new byte[bytes];

    private Entity WithProperties(string row, int count)
    {
        var entity = new Entity(Partition, row);
        for (var number = 0; number < count; number++)
            entity[$"property{number}"] = number;
        return entity;
    }

    // By the documented formula: 4 bytes, the key's parts, and of each property 8 bytes, its name and its value.
    private Entity OfSize(string row, int bytes)
    {
        var entity = new Entity(Partition, row) { ["flag"] = true, ["whole"] = 1, ["number"] = 1d, ["time"] = DateTimeOffset.UnixEpoch };
        bytes -= 4 + (2 * (Partition.Length + row.Length));
        bytes -= (4 * 8) + (2 * "flagwholenumbertime".Length) + 1 + 8 + 8 + 8;
        // Texts for the bulk, which stay small on the wire, and bytes for the last one or two, which may be odd.
        for (var number = 10; bytes > EntityLimits.MaxPropertyBytes; number++)
        {
            entity[$"p{number}"] = Value(EntityLimits.MaxPropertyBytes, asText: true);
            bytes -= 8 + (2 * 3) + EntityLimits.MaxPropertyBytes;
        }

        bytes -= 2 * (8 + (2 * 4));
        entity["text"] = Value((bytes - 1) / 2 * 2, asText: true);
        entity["odds"] = new byte[2 - (bytes % 2)];
        return entity;
    }
}
