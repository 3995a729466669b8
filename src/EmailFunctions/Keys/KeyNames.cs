using System.Security.Cryptography;

namespace EmailFunctions.Keys;

/// <summary>Names keys.</summary>
internal static class KeyNames
{
    /// <summary>Tells a key from others, and nothing else about it.</summary>
    public static string Of(byte[] key) => Convert.ToHexStringLower(HMACSHA256.HashData(key, "the name of this key"u8).AsSpan(0, 8));
}
