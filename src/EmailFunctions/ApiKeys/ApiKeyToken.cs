using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Tenants;

namespace EmailFunctions.ApiKeys;

/// <summary>
/// The text of an API key: <c>emf_</c>, the key's id (24 hexadecimal digits), <c>_</c>, a secret of 43 random letters and digits (256 bits), and
/// their checksum, CRC-32 in six digits of base 62. The prefix lets a secret scanner find one, and the checksum tell it from what only looks like one.
/// </summary>
internal static class ApiKeyToken
{
    public const string Prefix = "emf_";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int TagBytes = 4;
    private const int NumberBytes = 8;
    private const int IdLength = (TagBytes + NumberBytes) * 2;
    private const int SecretLength = 43;
    private const int ChecksumLength = 6;
    private const int Length = 4 + IdLength + 1 + SecretLength + ChecksumLength;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>A new id: it begins with the tenant's tag, so that the keys of a tenant lie together.</summary>
    public static string NewId(TenantId? tenant) => TagOf(tenant) + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NumberBytes));

    /// <summary>What the ids of a tenant's keys begin with; null: of the keys for all tenants. Two tenants may share one.</summary>
    public static string TagOf(TenantId? tenant) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant?.Value ?? "")).AsSpan(0, TagBytes));

    /// <summary>The text of a new key of this id.</summary>
    public static string New(string id)
    {
        var text = $"{Prefix}{id}_{RandomNumberGenerator.GetString(Alphabet, SecretLength)}";
        return text + ChecksumOf(text);
    }

    /// <summary>The id within a text; false where it is no key's.</summary>
    public static bool TryReadId(string text, [NotNullWhen(true)] out string? id)
    {
        id = null;
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[..^ChecksumLength] is var rest && !text.EndsWith(ChecksumOf(rest), StringComparison.Ordinal))
            return false;
        var found = text.Substring(Prefix.Length, IdLength);
        if (!IsId(found))
            return false;
        id = found;
        return true;
    }

    /// <summary>Whether a text can be a key's id.</summary>
    public static bool IsId(string text) => text.Length == IdLength && !text.AsSpan().ContainsAnyExcept(Hexadecimal);

    private static string ChecksumOf(string text)
    {
        var rest = Crc32.HashToUInt32(Encoding.UTF8.GetBytes(text));
        return string.Create(ChecksumLength, rest, static (digits, number) =>
        {
            for (var place = digits.Length - 1; place >= 0; place--, number /= (uint)Alphabet.Length)
                digits[place] = Alphabet[(int)(number % (uint)Alphabet.Length)];
        });
    }
}
