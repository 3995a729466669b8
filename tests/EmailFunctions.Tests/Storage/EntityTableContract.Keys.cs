using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    public static TheoryData<string> OddKeys =>
    [
        "it's", "''", "\"quoted\"", "100%", "%2F", "%27", "a b", " a", "a ", "a+b", "a&b=c;d", "a,b(c)", "$filter", "[a]{b}<c>", "a:b@c.d",
        "~`!^*|", "..", "' or 1 eq 1 or '", "_%", "grün", "日本語", "😀", "\u00A0",
    ];

    /// <summary>As numbers: a name with a control character in it does no test report good.</summary>
    public static TheoryData<int> ForbiddenCharacters => ['/', '\\', '#', '?', 0x00, '\t', '\n', '\r', 0x1F, 0x7F, 0x80, 0x85, 0x9F];

    [Theory]
    [MemberData(nameof(OddKeys))]
    public async Task A_row_may_be_named_by_any_characters_that_are_not_forbidden(string name)
    {
        await WriteReadQueryDeleteAsync(Key(name));
        await WriteReadQueryDeleteAsync(Key($"a{name}z"));
    }

    [Theory]
    [MemberData(nameof(OddKeys))]
    public async Task A_partition_may_be_named_by_any_characters_that_are_not_forbidden(string name) =>
        await WriteReadQueryDeleteAsync(new EntityKey(Partition + name, "row"));

    [Theory]
    [MemberData(nameof(ForbiddenCharacters))]
    public async Task A_forbidden_character_in_a_key_is_refused_in_reads_and_writes(int character)
    {
        foreach (var part in new[] { $"{(char)character}", $"a{(char)character}", $"{(char)character}a" })
        {
            await AssertKeyRefusedAsync(Key(part));
            await AssertKeyRefusedAsync(new EntityKey(Partition + part, "row"));
        }
    }

    // Two of them would be one row in a store that writes UTF-8.
    [Fact]
    public async Task Half_of_a_surrogate_pair_in_a_key_is_refused_in_reads_and_writes()
    {
        foreach (var part in new[] { "a\uD83D", "\uDE00a", "\uDE00\uD83D", "\uD83D\uD83D\uDE00", "\uD83D\uDE00\uDE00" })
        {
            await AssertKeyRefusedAsync(Key(part));
            await AssertKeyRefusedAsync(new EntityKey(Partition + part, "row"));
        }
    }

    [Theory]
    [InlineData("a", "A")]
    [InlineData("ä", "Ä")]
    [InlineData("\u00E9", "e\u0301")]
    [InlineData("a", "a ")]
    [InlineData("ss", "ß")]
    [InlineData("a", "a\u00AD")]
    [InlineData("1", "01")]
    public async Task Keys_that_only_look_alike_are_two_entities(string one, string other)
    {
        await InsertAsync(one, "one");
        await InsertAsync(other, "other");
        Assert.Equal(("one", "other"), (await ValueAsync(one), await ValueAsync(other)));

        await WrittenAsync(EntityWrite.Insert(new Entity(Partition + one, "row")));
        await WrittenAsync(EntityWrite.Delete(Key(one), etag: null));
        Assert.Equal("other", await ValueAsync(other));
        Assert.Null(await Table.GetAsync(new EntityKey(Partition + other, "row"), Cancellation));
    }

    private async Task WriteReadQueryDeleteAsync(EntityKey key)
    {
        var etag = await WrittenAsync(EntityWrite.Insert(new Entity(key)));
        Assert.Equal(key, (await Table.GetAsync(key, Cancellation))!.Key);
        Assert.Equal(key, Assert.Single(await ReadAllAsync(new EntityQuery(key.Partition, key.Row, key.Row + "!"))).Key);
        Assert.Empty(await ReadAllAsync(new EntityQuery(key.Partition, key.Row + "!", "\uFFFD")));
        etag = await WrittenAsync(EntityWrite.Replace(new Entity(key), etag));
        await WrittenAsync(EntityWrite.Delete(key, etag));
        Assert.Null(await Table.GetAsync(key, Cancellation));
    }

    private async Task AssertKeyRefusedAsync(EntityKey key)
    {
        await Assert.ThrowsAsync<EntityLimitException>(() => Table.GetAsync(key, Cancellation));
        foreach (var kind in Enum.GetValues<EntityWriteKind>())
            await AssertBrokenAsync(Write(kind, new Entity(key), etag: null));
    }
}
