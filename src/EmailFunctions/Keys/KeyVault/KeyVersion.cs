using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>What the vault tells of a version of the key, and its public half where that was asked for.</summary>
/// <param name="KeyId">Its identifier, an address.</param>
/// <param name="CreatedAt">When it was made, to the second.</param>
/// <param name="IsEnabled">Whether it may be used at all.</param>
/// <param name="NotBefore">From when on something can be wrapped under it; null: at once.</param>
/// <param name="ExpiresAt">Until when something can be wrapped under it; null: always.</param>
/// <param name="Public">Modulus and exponent; null in a list, and for a key that is none of RSA.</param>
internal sealed record KeyVersion(
    string KeyId, DateTimeOffset CreatedAt, bool IsEnabled, DateTimeOffset? NotBefore, DateTimeOffset? ExpiresAt, RSAParameters? Public)
{
    /// <summary>Reads an item of a list of versions.</summary>
    public static KeyVersion ReadItem(JsonElement item) => Read(item, item.GetProperty("kid").GetString()!, null);

    /// <summary>Reads the answer to a request for the key.</summary>
    public static KeyVersion ReadBundle(JsonElement bundle)
    {
        var key = bundle.GetProperty("key");
        // RSA-HSM: the same, with the private half in hardware.
        RSAParameters? rsa = key.GetProperty("kty").GetString() is "RSA" or "RSA-HSM"
            ? new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") }
            : null;
        return Read(bundle, key.GetProperty("kid").GetString()!, rsa);
    }

    /// <summary>Wraps by RSA-OAEP with SHA-256, which only the vault can undo.</summary>
    public byte[] Wrap(ReadOnlySpan<byte> dataKey)
    {
        // An own instance each time: it costs little beside the arithmetic, and RSA objects are not made for many threads.
        using var rsa = RSA.Create(Public!.Value);
        return rsa.Encrypt(dataKey, RSAEncryptionPadding.OaepSHA256);
    }

    private static KeyVersion Read(JsonElement item, string keyId, RSAParameters? rsa)
    {
        var attributes = item.GetProperty("attributes");
        return new KeyVersion(
            keyId, Time(attributes, "created")!.Value, attributes.GetProperty("enabled").GetBoolean(), Time(attributes, "nbf"), Time(attributes, "exp"), rsa);
    }

    private static DateTimeOffset? Time(JsonElement attributes, string name) =>
        attributes.TryGetProperty(name, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds.GetInt64()) : null;

    private static byte[] Bytes(JsonElement key, string name) => Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
}
