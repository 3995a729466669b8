using EmailFunctions.Keys.KeyVault;

namespace EmailFunctions.Tests.Keys.KeyVault;

public sealed class KeyVaultAddressTests
{
    private const string Version = "78deebed173b48e48f55abf87ed4cf71";

    [Theory]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key")]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key/")]
    [InlineData("https://MY-VAULT.vault.azure.net:443/keys/my-key")]
    public void The_address_of_a_key_is_read(string text)
    {
        Assert.True(KeyVaultAddress.TryParse(text, allowLoopbackHttp: false, out var address, out _));

        Assert.Equal("https://my-vault.vault.azure.net/keys/my-key", address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("my-key")]
    [InlineData("https://my-vault.vault.azure.net")]
    [InlineData("https://my-vault.vault.azure.net/secrets/my-key")]
    [InlineData("https://my-vault.vault.azure.net/keys/")]
    [InlineData("https://my-vault.vault.azure.net/keys/my_key")]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key?x=1")]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key#x")]
    [InlineData("https://me@my-vault.vault.azure.net/keys/my-key")]
    [InlineData("https://my-vault.vault.azure.net/keys/a/b/c")]
    public void What_is_no_address_of_a_key_is_refused_with_an_example(string text)
    {
        Assert.False(KeyVaultAddress.TryParse(text, allowLoopbackHttp: false, out _, out var mistake));

        Assert.Contains("https://my-vault.vault.azure.net/keys/my-key", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_with_a_version_is_refused_since_the_newest_is_used()
    {
        Assert.False(KeyVaultAddress.TryParse($"https://v.vault.azure.net/keys/k/{Version}", allowLoopbackHttp: false, out _, out var mistake));

        Assert.Contains("must not name a version", mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://my-vault.vault.azure.net/keys/k", true)]
    [InlineData("http://127.0.0.1:8200/keys/k", false)]
    [InlineData("ftp://127.0.0.1/keys/k", true)]
    public void Plain_http_is_refused_except_to_this_machine_where_that_is_allowed(string text, bool allowLoopbackHttp) =>
        Assert.False(KeyVaultAddress.TryParse(text, allowLoopbackHttp, out _, out _));

    [Theory]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key/" + Version, true)]
    [InlineData("https://my-vault.vault.azure.net/keys/My-Key/" + Version, true)]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key", false)]
    [InlineData("https://my-vault.vault.azure.net/keys/other/" + Version, false)]
    [InlineData("https://other.vault.azure.net/keys/my-key/" + Version, false)]
    [InlineData("https://my-vault.vault.azure.net.example.com/keys/my-key/" + Version, false)]
    [InlineData("https://my-vault.vault.azure.net@example.com/keys/my-key/" + Version, false)]
    [InlineData("https://my-vault.vault.azure.net:8443/keys/my-key/" + Version, false)]
    [InlineData("http://my-vault.vault.azure.net/keys/my-key/" + Version, false)]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key/../other/" + Version, false)]
    [InlineData("https://my-vault.vault.azure.net/keys/my-key/" + Version + "/unwrapkey", false)]
    [InlineData("local:0123456789abcdef", false)]
    public void An_identifier_counts_only_when_it_is_of_this_vault_and_key(string keyId, bool counts)
    {
        Assert.True(KeyVaultAddress.TryParse("https://my-vault.vault.azure.net/keys/my-key", allowLoopbackHttp: false, out var address, out _));

        Assert.Equal(counts ? Version : null, address.VersionOf(keyId));
    }
}
