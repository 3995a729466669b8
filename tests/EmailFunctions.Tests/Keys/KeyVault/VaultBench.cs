using EmailFunctions.Keys;
using EmailFunctions.Keys.KeyVault;
using EmailFunctions.Tests.Support.KeyVault;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys.KeyVault;

/// <summary>A vault on this machine with the keys <c>mail</c> and <c>other</c>, and wrappers for both that try again quickly.</summary>
public abstract class VaultBench : IAsyncLifetime
{
    private readonly List<KeyVaultKeyWrapper> _wrappers = [];

    internal FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));

    internal FakeVault Vault { get; private set; } = null!;

    internal FakeCredential Credential { get; private set; } = null!;

    internal FakeKey Key { get; private set; } = null!;

    internal KeyVaultKeyWrapper Mail { get; private set; } = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Vault = await FakeVault.StartAsync(Clock);
        Credential = new FakeCredential(Vault, Clock);
        Key = Vault.AddKey("mail");
        Vault.AddKey("other");
        Mail = Open("mail");
    }

    public async ValueTask DisposeAsync()
    {
        _wrappers.ForEach(static wrapper => wrapper.Dispose());
        await Vault.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal KeyVaultKeyWrapper Open(string name, KeyVaultOptions? options = null)
    {
        var wrapper = new KeyVaultKeyWrapper(Vault.AddressOf(name), Credential, Clock, options ?? Quick());
        _wrappers.Add(wrapper);
        return wrapper;
    }

    internal static KeyVaultOptions Quick(TimeSpan? tryTimeout = null)
    {
        var options = new KeyVaultOptions { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromSeconds(2), AllowLoopbackHttp = true };
        if (tryTimeout is { } timeout)
            options.Retry.NetworkTimeout = timeout;
        return options;
    }

    protected Task<WrappedKey> WrapAsync() => Mail.WrapAsync(new byte[32], Cancellation);

    protected static Task<KeyUnavailableException> FailsAsync(Func<Task> call) => Assert.ThrowsAsync<KeyUnavailableException>(call);
}
