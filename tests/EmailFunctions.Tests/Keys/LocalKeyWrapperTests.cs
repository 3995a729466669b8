using System.Security.Cryptography;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;

namespace EmailFunctions.Tests.Keys;

public sealed class LocalKeyWrapperTests : KeyWrapperContract, IDisposable
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes);
    private readonly LocalKeyWrapper _wrapper;
    private readonly LocalKeyWrapper _other = new(RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes));

    public LocalKeyWrapperTests() => _wrapper = new LocalKeyWrapper(_key);

    protected override IKeyWrapper Wrapper => _wrapper;

    protected override IKeyWrapper OtherWrapper => _other;

    public void Dispose()
    {
        _wrapper.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_refused()
    {
        var wrapped = await WrapAsync();

        for (var bit = 0; bit < wrapped.Value.Length * 8; bit++)
        {
            byte[] changed = [.. wrapped.Value];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            await AssertRefusedAsync(wrapped with { Value = changed });
        }
    }

    [Fact]
    public async Task A_cut_anywhere_is_refused()
    {
        var wrapped = await WrapAsync();

        for (var length = 0; length < wrapped.Value.Length; length++)
            await AssertRefusedAsync(wrapped with { Value = wrapped.Value[..length] });
    }

    [Fact]
    public async Task A_restart_with_the_same_key_unwraps_what_was_wrapped_before()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var wrapped = await Wrapper.WrapAsync(key, Cancellation);

        using var restarted = new LocalKeyWrapper([.. _key]);

        Assert.Equal(key, await restarted.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task Keys_that_were_replaced_unwrap_still_and_the_new_one_wraps()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var old = await Wrapper.WrapAsync(key, Cancellation);

        using var both = new LocalKeyWrapper(RandomNumberGenerator.GetBytes(32), [.. _key]);
        var wrapped = await both.WrapAsync(key, Cancellation);

        Assert.Equal(key, await both.UnwrapAsync(old, Cancellation));
        Assert.Equal(key, await both.UnwrapAsync(wrapped, Cancellation));
        Assert.Equal((1, 2), (old.Version, wrapped.Version));
        Assert.NotEqual(old.KeyId, wrapped.KeyId);
        await AssertRefusedAsync(wrapped);
    }

    [Fact]
    public async Task The_same_key_given_twice_is_one()
    {
        using var twice = new LocalKeyWrapper([.. _key], [.. _key]);

        Assert.Equal(1, (await twice.WrapAsync(new byte[32], Cancellation)).Version);
    }

    [Fact]
    public async Task The_refusal_of_another_key_names_both_and_says_where_the_key_comes_from()
    {
        var foreign = await OtherWrapper.WrapAsync(new byte[32], Cancellation);

        var refusal = await AssertRefusedAsync(foreign);

        Assert.Contains((await WrapAsync()).KeyId, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("EMAIL_ENCRYPTION_KEY", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_keys_name_shows_nothing_of_the_key() =>
        Assert.DoesNotContain(Convert.ToHexStringLower(_key)[..8], (await WrapAsync()).KeyId, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_key_encryption_key_of_another_length_is_refused(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalKeyWrapper(new byte[length]));
}
