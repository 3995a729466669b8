using EmailFunctions.Keys;
using EmailFunctions.Keys.KeyVault;

namespace EmailFunctions.Tests.Keys.KeyVault;

public sealed class KeyVaultRotationTests : VaultBench
{
    [Fact]
    public async Task The_first_version_has_number_1_and_its_own_identifier()
    {
        var wrapped = await WrapAsync();

        Assert.Equal((1, Vault.IdOf("mail", Key.Newest)), (wrapped.Version, wrapped.KeyId));
    }

    [Fact]
    public async Task After_a_rotation_new_keys_are_wrapped_under_the_next_number_and_old_ones_still_unwrap()
    {
        var old = await WrapAsync();
        Rotate();

        var wrapped = await WrapAsync();

        Assert.Equal((2, Vault.IdOf("mail", Key.Newest)), (wrapped.Version, wrapped.KeyId));
        Assert.Equal(new byte[32], await Mail.UnwrapAsync(old, Cancellation));
        Assert.Equal(new byte[32], await Mail.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task A_rotation_is_noticed_within_a_minute_and_until_then_the_old_version_wraps()
    {
        await WrapAsync();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Key.Rotate();

        Clock.Advance(KeyVersions.Lifetime - TimeSpan.FromSeconds(2));
        Assert.Equal(1, (await WrapAsync()).Version);
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await WrapAsync()).Version);
    }

    [Fact]
    public async Task Who_asks_for_the_newest_version_hears_of_a_rotation_at_once_and_wraps_under_it_from_then_on()
    {
        await WrapAsync();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Key.Rotate();

        var newest = await Mail.ReadNewestAsync(Cancellation);

        Assert.Equal(new NewestKey(Vault.IdOf("mail", Key.Newest), 2, KeyVersions.Lifetime), newest);
        Assert.Equal(2, (await WrapAsync()).Version);
    }

    [Fact]
    public async Task Numbers_follow_the_order_of_creation_over_all_pages_of_the_list()
    {
        Vault.PageSize = 3;
        for (var number = 2; number <= 11; number++)
        {
            Rotate();
            Assert.Equal(number, (await WrapAsync()).Version);
            Assert.Equal(number, (await Open("mail").WrapAsync(new byte[32], Cancellation)).Version);
        }
    }

    [Fact]
    public async Task A_list_that_does_not_have_the_newest_version_yet_still_gives_it_the_next_number()
    {
        await WrapAsync();
        var before = Key.Versions.ToList();
        Rotate();
        Vault.Next(context => Vault.WriteBundleAsync(context, "mail"));
        Vault.Next(context => Vault.WriteVersionsAsync(context, "mail", before));

        Assert.Equal(2, (await WrapAsync()).Version);
    }

    [Fact]
    public async Task A_list_that_goes_on_at_another_host_is_not_followed()
    {
        Vault.PageSize = 1;
        Vault.NextPage = "http://127.0.0.2:1/keys/mail/versions?api-version=7.4";
        Rotate();

        var failure = await FailsAsync(WrapAsync);

        Assert.Contains("does not answer as Key Vault does", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_version_wraps_nothing_and_unwraps_still()
    {
        Key.Newest.ExpiresAt = Clock.GetUtcNow().AddMinutes(1);
        var wrapped = await WrapAsync();

        Clock.Advance(TimeSpan.FromMinutes(1));

        var failure = await FailsAsync(WrapAsync);
        Assert.Contains("expired at 2026-11-24 08:01:00Z. Rotate the key", failure.Message, StringComparison.Ordinal);
        Assert.Equal(new byte[32], await Mail.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task A_version_that_expires_while_it_is_remembered_gives_way_to_the_next_at_once()
    {
        Key.Newest.ExpiresAt = Clock.GetUtcNow().AddMinutes(1);
        await WrapAsync();
        Clock.Advance(TimeSpan.FromMinutes(1));
        Key.Rotate();

        Assert.Equal(2, (await WrapAsync()).Version);
    }

    [Fact]
    public async Task A_version_that_is_not_valid_yet_wraps_nothing()
    {
        Key.Newest.NotBefore = Clock.GetUtcNow().AddSeconds(1);

        var failure = await FailsAsync(WrapAsync);

        Assert.Contains("can't be used before 2026-11-24 08:00:01Z", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_version_is_named_as_the_reason()
    {
        var wrapped = await WrapAsync();
        Key.Newest.IsEnabled = false;

        Assert.Contains("disabled", (await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation))).Message, StringComparison.Ordinal);
        Clock.Advance(KeyVersions.Lifetime);
        Assert.Contains("disabled", (await FailsAsync(WrapAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("EC", 2048)]
    [InlineData("RSA", 1024)]
    public async Task A_key_that_is_none_of_RSA_or_too_short_is_refused(string type, int bits)
    {
        Key.Type = type;
        Key.Rotate(bits);

        Assert.Contains("is not an RSA key of 2048 bits or more", (await FailsAsync(WrapAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_age_is_that_of_the_newest_version_and_is_told_of_an_expired_one_too()
    {
        Rotate();
        Key.Newest.ExpiresAt = Clock.GetUtcNow().AddDays(1);
        var created = Clock.GetUtcNow();
        Clock.Advance(TimeSpan.FromDays(2));

        Assert.Equal(new KeyAge(2, created, created.AddDays(1), IsEnabled: true), await Mail.ReadAsync(Cancellation));
    }

    [Fact]
    public async Task The_age_of_a_key_without_an_expiry_has_none() =>
        Assert.Equal(new KeyAge(1, Clock.GetUtcNow(), null, IsEnabled: true), await Mail.ReadAsync(Cancellation));

    // In the vault, and past the time that the newest version is remembered.
    private void Rotate()
    {
        Clock.Advance(KeyVersions.Lifetime);
        Key.Rotate();
    }
}
