using EmailFunctions.Keys;
using EmailFunctions.Keys.KeyVault;
using EmailFunctions.Tests.Support.KeyVault;

namespace EmailFunctions.Tests.Keys.KeyVault;

public sealed class KeyVaultContractTests : KeyWrapperContract, IAsyncLifetime
{
    private FakeVault _vault = null!;
    private KeyVaultKeyWrapper _wrapper = null!;
    private KeyVaultKeyWrapper _other = null!;

    protected override IKeyWrapper Wrapper => _wrapper;

    protected override IKeyWrapper OtherWrapper => _other;

    public async ValueTask InitializeAsync()
    {
        _vault = await FakeVault.StartAsync(TimeProvider.System);
        var credential = new FakeCredential(_vault, TimeProvider.System);
        _vault.AddKey("mail");
        _vault.AddKey("other");
        _wrapper = new KeyVaultKeyWrapper(_vault.AddressOf("mail"), credential, TimeProvider.System, VaultBench.Quick());
        _other = new KeyVaultKeyWrapper(_vault.AddressOf("other"), credential, TimeProvider.System, VaultBench.Quick());
    }

    public async ValueTask DisposeAsync()
    {
        _wrapper.Dispose();
        _other.Dispose();
        await _vault.DisposeAsync();
    }
}
