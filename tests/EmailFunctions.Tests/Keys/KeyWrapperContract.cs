using System.Security.Cryptography;
using EmailFunctions.Keys;

namespace EmailFunctions.Tests.Keys;

/// <summary>What every key wrapper does. An adapter joins by a subclass that opens two wrappers, each with a key of its own.</summary>
public abstract class KeyWrapperContract
{
    /// <summary>The wrapper under test.</summary>
    protected abstract IKeyWrapper Wrapper { get; }

    /// <summary>One that holds another key-encryption key.</summary>
    protected abstract IKeyWrapper OtherWrapper { get; }

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    [InlineData(64)]
    public async Task A_data_key_is_unwrapped_as_it_was_wrapped(int length)
    {
        var key = RandomNumberGenerator.GetBytes(length);

        var wrapped = await Wrapper.WrapAsync(key, Cancellation);

        Assert.Equal(key, await Wrapper.UnwrapAsync(wrapped, Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(65)]
    public async Task A_data_key_that_is_too_short_or_too_long_is_refused(int length) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Wrapper.WrapAsync(new byte[length], Cancellation));

    [Fact]
    public async Task A_wrapped_key_names_its_key_and_version_and_does_not_show_the_data_key()
    {
        var key = RandomNumberGenerator.GetBytes(32);

        var wrapped = await Wrapper.WrapAsync(key, Cancellation);

        Assert.NotEmpty(wrapped.KeyId);
        Assert.True(wrapped.Version >= 1);
        Assert.Equal(-1, wrapped.Value.AsSpan().IndexOf(key.AsSpan(0, 8)));
    }

    [Fact]
    public async Task A_data_key_may_be_wrapped_twice()
    {
        var key = RandomNumberGenerator.GetBytes(32);

        var one = await Wrapper.WrapAsync(key, Cancellation);
        var other = await Wrapper.WrapAsync(key, Cancellation);

        Assert.Equal((one.KeyId, one.Version), (other.KeyId, other.Version));
        Assert.Equal(key, await Wrapper.UnwrapAsync(one, Cancellation));
        Assert.Equal(key, await Wrapper.UnwrapAsync(other, Cancellation));
    }

    [Fact]
    public async Task Two_data_keys_are_wrapped_differently()
    {
        var one = await Wrapper.WrapAsync(RandomNumberGenerator.GetBytes(32), Cancellation);
        var other = await Wrapper.WrapAsync(RandomNumberGenerator.GetBytes(32), Cancellation);

        Assert.NotEqual(one.Value, other.Value);
    }

    [Fact]
    public async Task A_wrapped_key_that_was_changed_is_refused()
    {
        var wrapped = await WrapAsync();

        foreach (var place in new[] { 0, wrapped.Value.Length / 2, wrapped.Value.Length - 1 })
        {
            byte[] changed = [.. wrapped.Value];
            changed[place] ^= 1;
            Assert.True((await AssertRefusedAsync(wrapped with { Value = changed })).IsDamage);
        }
    }

    [Fact]
    public async Task A_wrapped_key_that_was_cut_or_grew_is_refused()
    {
        var wrapped = await WrapAsync();

        await AssertRefusedAsync(wrapped with { Value = [] });
        await AssertRefusedAsync(wrapped with { Value = wrapped.Value[..1] });
        await AssertRefusedAsync(wrapped with { Value = wrapped.Value[..^1] });
        await AssertRefusedAsync(wrapped with { Value = wrapped.Value[..^8] });
        await AssertRefusedAsync(wrapped with { Value = [.. wrapped.Value, 0] });
        await AssertRefusedAsync(wrapped with { Value = [.. wrapped.Value, .. new byte[8]] });
    }

    [Fact]
    public async Task A_wrapped_key_of_another_key_is_refused_with_a_sentence_that_names_that_key()
    {
        var foreign = await OtherWrapper.WrapAsync(RandomNumberGenerator.GetBytes(32), Cancellation);

        var refusal = await AssertRefusedAsync(foreign);

        Assert.Contains(foreign.KeyId, refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", refusal.Message, StringComparison.Ordinal);
        Assert.False(refusal.IsDamage);
    }

    [Fact]
    public async Task A_wrapped_key_of_another_key_is_refused_under_this_keys_name_too()
    {
        var foreign = await OtherWrapper.WrapAsync(RandomNumberGenerator.GetBytes(32), Cancellation);

        await AssertRefusedAsync(foreign with { KeyId = (await WrapAsync()).KeyId });
    }

    [Fact]
    public async Task Keys_may_be_wrapped_and_unwrapped_by_many_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                var key = RandomNumberGenerator.GetBytes(32);
                Assert.Equal(key, await Wrapper.UnwrapAsync(await Wrapper.WrapAsync(key, Cancellation), Cancellation));
            },
            Cancellation)));
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled()
    {
        var wrapped = await WrapAsync();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Wrapper.WrapAsync(new byte[32], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Wrapper.UnwrapAsync(wrapped, cancelled));
    }

    protected Task<WrappedKey> WrapAsync() => Wrapper.WrapAsync(RandomNumberGenerator.GetBytes(32), Cancellation);

    protected async Task<KeyUnavailableException> AssertRefusedAsync(WrappedKey wrapped) =>
        await Assert.ThrowsAsync<KeyUnavailableException>(() => Wrapper.UnwrapAsync(wrapped, Cancellation));
}
