using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    // 1601 is where the times of Azure Tables begin.
    private static readonly DateTimeOffset EarliestTime = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Texts =>
        ["", " ", "plain", "it's \"quoted\"", "\r\n\t", "Grüße, Ωmega, 日本語", "😀🏽", "e\u0301", "</a>&amp;", "null"];

    public static TheoryData<long> WholeNumbers => [0, 1, -1, int.MaxValue + 1L, long.MinValue, long.MaxValue];

    // 0.1 and its like show a value that went through a shorter text form.
    public static TheoryData<double> Numbers => [0, 1, -1.5, 0.1, 1 / 3d, double.Epsilon, double.MinValue, double.MaxValue];

    public static TheoryData<DateTimeOffset> Times =>
    [
        EarliestTime,
        DateTimeOffset.UnixEpoch,
        DateTimeOffset.MaxValue,
        new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.Zero).AddTicks(1),
        new DateTimeOffset(2025, 10, 26, 2, 30, 0, TimeSpan.FromHours(2)).AddTicks(9_999_999),
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task A_text_is_read_as_it_was_written(string value) =>
        Assert.Equal(value, (await RoundTripAsync(value)).GetString("property"));

    [Theory]
    [MemberData(nameof(WholeNumbers))]
    public async Task A_whole_number_is_read_as_it_was_written(long value) =>
        Assert.Equal(value, (await RoundTripAsync(value)).GetInt64("property"));

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task A_number_is_read_as_it_was_written(double value) =>
        Assert.Equal(value, (await RoundTripAsync(value)).GetDouble("property"));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_flag_is_read_as_it_was_written(bool value) =>
        Assert.Equal(value, (await RoundTripAsync(value)).GetBoolean("property"));

    [Theory]
    [MemberData(nameof(Times))]
    public async Task A_time_is_read_to_100_nanoseconds_and_in_UTC(DateTimeOffset value)
    {
        var read = (await RoundTripAsync(value)).GetTime("property")!.Value;

        Assert.Equal(value.UtcTicks, read.UtcTicks);
        Assert.Equal(TimeSpan.Zero, read.Offset);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    public async Task Bytes_are_read_as_they_were_written(int length)
    {
        byte[] value = [.. Enumerable.Range(0, length).Select(static number => (byte)number)];

        Assert.Equal(value, (await RoundTripAsync(value)).GetBytes("property"));
    }

    // Not among the cases above, since no test report can carry their names.
    [Fact]
    public async Task Control_characters_and_a_byte_order_mark_in_a_text_are_read_as_they_were_written() =>
        Assert.Equal("\uFEFF\0\u0001\u001F\u007F\u0085\uFFFF", (await RoundTripAsync("\uFEFF\0\u0001\u001F\u007F\u0085\uFFFF")).GetString("property"));

    [Fact]
    public async Task Half_of_a_surrogate_pair_in_a_text_is_read_as_the_replacement_character() =>
        Assert.Equal("a\uFFFDb\uFFFD", (await RoundTripAsync("a\uD83Db\uDE00")).GetString("property"));

    [Fact]
    public async Task Properties_of_all_types_live_side_by_side()
    {
        var written = Row("all");
        written["text"] = "one";
        written["whole"] = 2;
        written["number"] = 3d;
        written["flag"] = true;
        written["time"] = DateTimeOffset.UnixEpoch;
        written["bytes"] = new byte[] { 6 };
        await WrittenAsync(EntityWrite.Insert(written));

        var read = await Table.GetAsync(written.Key, Cancellation);

        Assert.Equal(written.Key, read!.Key);
        Assert.Equal(written.Properties, read.Properties);
    }

    [Fact]
    public async Task Property_names_differ_by_case()
    {
        var written = Row("names");
        written["name"] = "lower";
        written["Name"] = "upper";
        await WrittenAsync(EntityWrite.Insert(written));

        Assert.Equal(written.Properties, (await Table.GetAsync(written.Key, Cancellation))!.Properties);
    }

    [Fact]
    public async Task An_entity_may_be_without_properties()
    {
        await WrittenAsync(EntityWrite.Insert(new Entity(Partition, "bare")));

        Assert.Empty((await Table.GetAsync(Key("bare"), Cancellation))!.Properties);
    }

    private async Task<Entity> RoundTripAsync(object value)
    {
        await WrittenAsync(EntityWrite.Insert(new Entity(Partition, "row") { ["property"] = value }));
        var read = await Table.GetAsync(Key("row"), Cancellation);
        Assert.Equal(["property"], read!.Properties.Keys);
        return read;
    }
}
