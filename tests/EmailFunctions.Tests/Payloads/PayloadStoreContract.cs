using EmailFunctions.Payloads;

namespace EmailFunctions.Tests.Payloads;

/// <summary>
/// What every payload store does. An adapter joins by a subclass that opens a store; the store may be shared between tests, since
/// each test is an owner of its own.
/// </summary>
public abstract class PayloadStoreContract
{
    /// <summary>The store under test.</summary>
    protected abstract IPayloadStore Store { get; }

    protected string Owner { get; } = $"t-{Guid.NewGuid():N}";

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(30 * 1024 * 1024)]
    public async Task A_payload_is_read_as_it_was_put(int length)
    {
        var content = Content(length);

        await Store.PutAsync(Name("a"), content, Cancellation);

        var read = await ReadAsync(Name("a"));
        Assert.True(read.AsSpan().SequenceEqual(content));
    }

    [Fact]
    public async Task All_of_a_stream_is_stored_wherever_it_stands_and_it_stays_open()
    {
        using var content = new MemoryStream(Content(1_000));
        content.Position = 400;

        await Store.PutAsync(Name("a"), content, Cancellation);

        Assert.Equal(Content(1_000), await ReadAsync(Name("a")));
        Assert.True(content.CanRead);
    }

    [Theory]
    [InlineData(10, 1_000)]
    [InlineData(1_000, 10)]
    [InlineData(10, 0)]
    public async Task A_payload_that_is_put_again_is_replaced_whole(int before, int after)
    {
        await Store.PutAsync(Name("a"), Content(before), Cancellation);
        await Store.PutAsync(Name("a"), Content(after), Cancellation);

        Assert.Equal(Content(after), await ReadAsync(Name("a")));
    }

    [Fact]
    public async Task An_opened_payload_tells_its_length()
    {
        await Store.PutAsync(Name("a"), Content(70_000), Cancellation);

        await using var stream = await Store.OpenAsync(Name("a"), Cancellation);

        Assert.Equal(70_000, stream!.Length);
    }

    [Fact]
    public async Task A_payload_may_be_read_by_many_at_once()
    {
        await Store.PutAsync(Name("a"), Content(100_000), Cancellation);

        var reads = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ReadAsync(Name("a"))));

        Assert.All(reads, static read => Assert.Equal(Content(100_000), read));
    }

    [Fact]
    public async Task A_payload_that_is_not_there_is_null()
    {
        Assert.Null(await Store.OpenAsync(Name("a"), Cancellation));

        await Store.PutAsync(Name("a"), Content(1), Cancellation);
        Assert.Null(await Store.OpenAsync(Name("b"), Cancellation));
    }

    [Fact]
    public async Task A_deleted_payload_is_gone_and_may_be_deleted_again()
    {
        await Store.DeleteAsync(Name("a"), Cancellation);
        await Store.PutAsync(Name("a"), Content(1), Cancellation);
        await Store.PutAsync(Name("b"), Content(2), Cancellation);

        await Store.DeleteAsync(Name("a"), Cancellation);
        await Store.DeleteAsync(Name("a"), Cancellation);

        Assert.Null(await Store.OpenAsync(Name("a"), Cancellation));
        Assert.Equal(Content(2), await ReadAsync(Name("b")));
    }

    [Fact]
    public async Task Owners_do_not_share_names()
    {
        var other = new PayloadName(Owner + "-2", "a");
        await Store.PutAsync(Name("a"), Content(1), Cancellation);
        await Store.PutAsync(other, Content(2), Cancellation);

        await Store.DeleteAsync(Name("a"), Cancellation);

        Assert.Equal(Content(2), await ReadAsync(other));
    }

    [Fact]
    public async Task The_longest_name_and_every_allowed_character_can_be_stored()
    {
        var longest = new PayloadName(Owner.PadRight(80, 'o'), "aZ09._-".PadRight(80, 'i'));

        await Store.PutAsync(longest, Content(3), Cancellation);

        Assert.Equal(Content(3), await ReadAsync(longest));
        Assert.Equal([longest], await ListAsync(DateTimeOffset.MaxValue, longest.Owner));
    }

    // Some stores would drop the dots, or take them for more than a name.
    [Fact]
    public async Task Names_that_differ_by_dots_at_their_end_are_different_payloads()
    {
        PayloadName[] names = [Name("a"), Name("a."), Name("a.."), new(Owner + ".", "a"), new(Owner + "..", "a.")];
        foreach (var (index, name) in names.Index())
            await Store.PutAsync(name, Content(index + 1), Cancellation);

        foreach (var (index, name) in names.Index())
        {
            Assert.Equal(Content(index + 1), await ReadAsync(name));
            Assert.Contains(name, await ListAsync(DateTimeOffset.MaxValue, name.Owner));
        }
    }

    // A minute to either side: a store has its own clock, and may know a time by the second only.
    [Fact]
    public async Task A_list_holds_the_payloads_that_were_stored_before_its_time_and_no_others()
    {
        var other = new PayloadName(Owner + "-2", "a");
        foreach (var name in new[] { Name("a"), Name("b"), other })
            await Store.PutAsync(name, Content(1), Cancellation);
        await Store.DeleteAsync(Name("b"), Cancellation);

        Assert.Empty(await ListAsync(TimeProvider.System.GetUtcNow().AddMinutes(-1), Owner));
        Assert.Equal([Name("a")], await ListAsync(TimeProvider.System.GetUtcNow().AddMinutes(1), Owner));
        Assert.Equal([other], await ListAsync(TimeProvider.System.GetUtcNow().AddMinutes(1), other.Owner));
    }

    [Fact]
    public async Task Payloads_may_be_deleted_while_they_are_listed()
    {
        foreach (var id in new[] { "a", "b", "c" })
            await Store.PutAsync(Name(id), Content(1), Cancellation);

        await foreach (var name in Store.ListAsync(DateTimeOffset.MaxValue, Cancellation))
        {
            if (name.Owner == Owner)
                await Store.DeleteAsync(name, Cancellation);
        }

        Assert.Empty(await ListAsync(DateTimeOffset.MaxValue, Owner));
    }

    [Fact]
    public async Task A_cancelled_call_changes_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Store.PutAsync(Name("a"), Content(10), Cancellation);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.PutAsync(Name("a"), Content(20), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.PutAsync(Name("b"), Content(20), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DeleteAsync(Name("a"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.OpenAsync(Name("a"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Store.ListAsync(DateTimeOffset.MaxValue, cancelled))
            {
            }
        });

        Assert.Equal(Content(10), await ReadAsync(Name("a")));
        Assert.Null(await Store.OpenAsync(Name("b"), Cancellation));
    }

    protected PayloadName Name(string id) => new(Owner, id);

    /// <summary>Bytes that differ by length, and by place.</summary>
    protected static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    protected async Task<byte[]> ReadAsync(PayloadName name)
    {
        await using var stream = await Store.OpenAsync(name, Cancellation);
        Assert.NotNull(stream);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Cancellation);
        return copy.ToArray();
    }

    /// <summary>The listed payloads of one owner; others may share the store.</summary>
    protected async Task<List<PayloadName>> ListAsync(DateTimeOffset before, string owner)
    {
        var names = new List<PayloadName>();
        await foreach (var name in Store.ListAsync(before, Cancellation))
        {
            if (name.Owner == owner)
                names.Add(name);
        }

        return names;
    }
}
