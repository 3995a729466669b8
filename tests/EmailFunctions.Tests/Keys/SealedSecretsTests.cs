using System.Text;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys;

public sealed class SealedSecretsTests : IDisposable
{
    private readonly LocalKeyWrapper _wrapper = new(new byte[LocalKeyWrapper.KeyBytes]);
    private readonly DataKeyCache _keys;

    public SealedSecretsTests() => _keys = new DataKeyCache(_wrapper, new FakeTimeProvider());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _keys.Dispose();
        _wrapper.Dispose();
    }

    [Fact]
    public async Task Secrets_open_as_they_were_sealed()
    {
        var secrets = new Dictionary<string, string>
        {
            ["empty"] = "",
            ["password"] = "pässwörd 😀",
            ["long"] = new('x', 100_000),
        };

        var opened = await (await SealAsync("acme", secrets)).OpenAsync(_keys, "acme", Cancellation);

        Assert.Equal(secrets, opened);
    }

    [Fact]
    public async Task No_secrets_are_sealed_and_opened_too() =>
        Assert.Empty(await (await SealAsync("acme", [])).OpenAsync(_keys, "acme", Cancellation));

    [Fact]
    public async Task The_same_secret_is_never_sealed_the_same()
    {
        var one = await SealAsync("acme", new() { ["a"] = "secret", ["b"] = "secret" });
        var other = await SealAsync("acme", new() { ["a"] = "secret" });

        Assert.NotEqual(one.Key.Value, other.Key.Value);
        Assert.NotEqual(one.Ciphertexts["a"][..12], one.Ciphertexts["b"][..12]);
        Assert.NotEqual(one.Ciphertexts["a"][28..], one.Ciphertexts["b"][28..]);
    }

    [Fact]
    public async Task A_ciphertext_does_not_show_its_secret()
    {
        var secrets = await SealAsync("acme", new() { ["a"] = "secret secret" });

        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(secrets.Ciphertexts["a"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other")]
    [InlineData("Acme")]
    [InlineData("acm")]
    [InlineData("")]
    public async Task Secrets_that_are_moved_to_another_owner_do_not_open(string owner)
    {
        var secrets = await SealAsync("acme", new() { ["password"] = "secret" });

        await Assert.ThrowsAsync<KeyUnavailableException>(() => secrets.OpenAsync(_keys, owner, Cancellation));
    }

    [Fact]
    public async Task A_secret_that_is_moved_to_another_field_does_not_open()
    {
        var secrets = await SealAsync("acme", new() { ["password"] = "one", ["api_key"] = "two" });

        await AssertClosedAsync(secrets, new() { ["api_key"] = secrets.Ciphertexts["password"] });
        await AssertClosedAsync(
            secrets, new() { ["api_key"] = secrets.Ciphertexts["password"], ["password"] = secrets.Ciphertexts["api_key"] });
    }

    [Fact]
    public async Task Where_the_owner_ends_and_the_field_begins_counts()
    {
        var secrets = await SealAsync("ab", new() { ["c"] = "secret" });

        await AssertClosedAsync(secrets, new() { ["bc"] = secrets.Ciphertexts["c"] }, owner: "a");
    }

    [Fact]
    public async Task A_secret_does_not_open_under_the_key_of_other_secrets()
    {
        var secrets = await SealAsync("acme", new() { ["a"] = "secret" });
        var other = await SealAsync("acme", new() { ["a"] = "secret" });

        await AssertClosedAsync(secrets with { Key = other.Key }, new() { ["a"] = secrets.Ciphertexts["a"] });
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_a_secret_keeps_it_closed()
    {
        var secrets = await SealAsync("acme", new() { ["a"] = "secret" });

        foreach (var changed in WithEachBitFlipped(secrets.Ciphertexts["a"]))
            await AssertClosedAsync(secrets, new() { ["a"] = changed });
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_the_key_keeps_all_closed()
    {
        var secrets = await SealAsync("acme", new() { ["a"] = "secret" });

        foreach (var changed in WithEachBitFlipped(secrets.Key.Value))
            await AssertClosedAsync(secrets with { Key = secrets.Key with { Value = changed } }, new(secrets.Ciphertexts));
    }

    [Fact]
    public async Task A_secret_that_was_cut_anywhere_stays_closed()
    {
        var secrets = await SealAsync("acme", new() { ["a"] = "secret" });
        var whole = secrets.Ciphertexts["a"];

        for (var length = 0; length < whole.Length; length++)
            await AssertClosedAsync(secrets, new() { ["a"] = whole[..length] });
    }

    [Fact]
    public async Task The_refusal_names_owner_and_field()
    {
        var secrets = await SealAsync("acme", new() { ["password"] = "secret" });

        var refusal = await AssertClosedAsync(secrets, new() { ["api_key"] = secrets.Ciphertexts["password"] });

        Assert.Contains("api_key", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("acme", refusal.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<byte[]> WithEachBitFlipped(byte[] value)
    {
        for (var bit = 0; bit < value.Length * 8; bit++)
        {
            byte[] changed = [.. value];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            yield return changed;
        }
    }

    private Task<SealedSecrets> SealAsync(string owner, Dictionary<string, string> secrets) =>
        SealedSecrets.SealAsync(_keys, owner, secrets, Cancellation);

    private async Task<KeyUnavailableException> AssertClosedAsync(
        SealedSecrets secrets, Dictionary<string, byte[]> ciphertexts, string owner = "acme") =>
        await Assert.ThrowsAsync<KeyUnavailableException>(
            () => (secrets with { Ciphertexts = ciphertexts }).OpenAsync(_keys, owner, Cancellation));
}
