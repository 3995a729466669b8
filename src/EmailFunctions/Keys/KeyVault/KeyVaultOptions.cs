using Azure.Core;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>How the vault is called.</summary>
internal sealed class KeyVaultOptions : ClientOptions
{
    public KeyVaultOptions() => Retry.NetworkTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Tries of a call, the first included.</summary>
    public int Tries { get; init; } = 3;

    /// <summary>The wait before the second try; it doubles from then on.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait between tries. A vault that asks for more (Retry-After) is not asked again.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>The longest that a call may take, tries, waits and the way to a token included.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For tests: whether a vault on this machine may be called, and given a token, over http.</summary>
    public bool AllowLoopbackHttp { get; init; }
}
