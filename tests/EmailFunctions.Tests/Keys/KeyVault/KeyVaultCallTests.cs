using System.Security.Cryptography;
using EmailFunctions.Keys;
using EmailFunctions.Keys.KeyVault;

namespace EmailFunctions.Tests.Keys.KeyVault;

/// <summary>How often the vault is asked, and what it is told.</summary>
public sealed class KeyVaultCallTests : VaultBench
{
    [Fact]
    public async Task The_first_wrap_looks_the_key_up_and_the_next_ones_ask_nothing()
    {
        for (var i = 0; i < 100; i++)
            await WrapAsync();

        Assert.Equal(["GET key", "GET versions"], Vault.Calls);
    }

    [Fact]
    public async Task Wraps_that_come_at_once_share_the_look_up()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(WrapAsync, Cancellation)));

        Assert.Equal(["GET key", "GET versions"], Vault.Calls);
    }

    [Fact]
    public async Task Without_a_rotation_the_look_up_costs_one_call_a_minute()
    {
        await WrapAsync();
        Clock.Advance(KeyVersions.Lifetime);
        await WrapAsync();

        Assert.Equal(["GET key", "GET versions", "GET key"], Vault.Calls);
    }

    [Fact]
    public async Task An_unwrap_is_one_call()
    {
        var wrapped = await WrapAsync();
        var before = Vault.Calls.Count;

        await Mail.UnwrapAsync(wrapped, Cancellation);

        Assert.Equal(["POST unwrapkey"], Vault.Calls.Skip(before));
    }

    [Fact]
    public async Task In_steady_state_the_vault_is_not_asked()
    {
        using var keys = new DataKeyCache(Mail, Clock);
        var (key, wrapped) = await keys.CreateAsync(Cancellation);
        await keys.UnwrapAsync(wrapped, Cancellation);
        var before = Vault.Calls.Count;

        for (var i = 0; i < 1000; i++)
            Assert.Equal(key, await keys.UnwrapAsync(wrapped, Cancellation));

        Assert.Equal(before, Vault.Calls.Count);
    }

    [Fact]
    public async Task A_key_of_another_key_is_refused_without_a_call()
    {
        await FailsAsync(() => Mail.UnwrapAsync(new WrappedKey($"{Vault.Address}/keys/other/abc", 1, new byte[256]), Cancellation));

        Assert.Empty(Vault.Calls);
    }

    [Fact]
    public async Task The_token_is_for_what_the_vault_asks_and_is_asked_for_once()
    {
        var wrapped = await WrapAsync();
        await Mail.UnwrapAsync(wrapped, Cancellation);

        var request = Assert.Single(Credential.Requests);
        Assert.Equal(["http://127.0.0.1/.default"], request.Scopes);
        Assert.Equal("the-tenant", request.TenantId);
    }

    [Fact]
    public async Task A_token_that_is_about_to_expire_is_replaced()
    {
        await WrapAsync();
        Clock.Advance(TimeSpan.FromMinutes(55));

        await WrapAsync();

        Assert.Equal(2, Credential.Requests.Count);
    }

    [Fact]
    public async Task A_token_that_the_vault_no_longer_takes_is_replaced_at_once()
    {
        var wrapped = await WrapAsync();
        Vault.Token = "another";

        Assert.Equal(new byte[32], await Mail.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task What_is_to_be_unwrapped_is_not_sent_before_the_token()
    {
        var wrapped = await WrapAsync();

        await Open("mail").UnwrapAsync(wrapped, Cancellation);

        Assert.Equal(0, Vault.BytesWithoutToken);
    }

    [Theory]
    [InlineData("https://vault.azure.net")]
    [InlineData("https://management.azure.com")]
    [InlineData("http://127.0.0.1.example.com")]
    [InlineData("http://7.0.0.1")]
    [InlineData("not an address")]
    public async Task A_challenge_that_names_a_foreign_resource_gets_no_token(string resource)
    {
        Vault.Resource = resource;

        var failure = await FailsAsync(WrapAsync);

        Assert.Contains("gets none", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Credential.Requests);
    }

    [Fact]
    public async Task The_vault_unwraps_what_was_wrapped_here_under_its_public_half()
    {
        var key = RandomNumberGenerator.GetBytes(32);

        var wrapped = await Mail.WrapAsync(key, Cancellation);

        Assert.Equal(key, Key.Newest.Rsa.Decrypt(wrapped.Value, RSAEncryptionPadding.OaepSHA256));
    }
}
