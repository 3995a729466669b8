using System.Security.Cryptography;

namespace EmailFunctions.Tests.Support.KeyVault;

/// <summary>A version of a key in <see cref="FakeVault"/>.</summary>
internal sealed record FakeKeyVersion(string Id, RSA Rsa, DateTimeOffset CreatedAt)
{
    public bool IsEnabled { get; set; } = true;

    public DateTimeOffset? NotBefore { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>A key in <see cref="FakeVault"/>, with its versions, oldest first.</summary>
internal sealed class FakeKey(TimeProvider time) : IDisposable
{
    private readonly List<FakeKeyVersion> _versions = [];

    public IReadOnlyList<FakeKeyVersion> Versions => _versions;

    public FakeKeyVersion Newest => _versions[^1];

    /// <summary>What the vault says it is; only RSA has a modulus.</summary>
    public string Type { get; set; } = "RSA";

    /// <summary>Adds a version.</summary>
    public FakeKeyVersion Rotate(int bits = 2048)
    {
        _versions.Add(new FakeKeyVersion(Guid.NewGuid().ToString("N"), RSA.Create(bits), time.GetUtcNow()));
        return Newest;
    }

    public void Dispose() => _versions.ForEach(static version => version.Rsa.Dispose());
}
