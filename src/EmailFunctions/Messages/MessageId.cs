using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using EmailFunctions.Tenants;

namespace EmailFunctions.Messages;

/// <summary>
/// The service's own name for a message: <c>{tenant}~{32 hexadecimal digits}</c>. It carries the tenant, so that reading the
/// message is a point read, and a foreign one is refused without a look-up. The digits are a UUID version 7: ids sort by the time
/// of acceptance.
/// </summary>
public sealed record MessageId(TenantId Tenant, string Unique)
{
    /// <summary>Not allowed in a tenant's name, and needs no escape in a URL (RFC 3986 section 2.3).</summary>
    public const char Separator = '~';

    private const int UniqueLength = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static MessageId New(TenantId tenant, DateTimeOffset now) => new(tenant, Guid.CreateVersion7(now).ToString("N"));

    public static bool TryParse(string? text, [NotNullWhen(true)] out MessageId? id)
    {
        id = null;
        var cut = text?.IndexOf(Separator) ?? -1;
        if (cut < 0 || !TenantId.TryParse(text![..cut], out var tenant) || !IsUnique(text.AsSpan(cut + 1)))
            return false;
        id = new MessageId(tenant, text[(cut + 1)..]);
        return true;
    }

    /// <summary>Reads an id that the service itself has written.</summary>
    public static MessageId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException("This is no message's id.");

    public override string ToString() => $"{Tenant}{Separator}{Unique}";

    private static bool IsUnique(ReadOnlySpan<char> text) =>
        text.Length == UniqueLength && !text.ContainsAnyExcept(Digits);
}
