using System.Diagnostics.CodeAnalysis;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.DeadLetters;

/// <summary>Which dead letters; null: whatever it is.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="ErrorCategory">The last attempt's.</param>
/// <param name="Provider">The last attempt's.</param>
/// <param name="From">Dead since this time or later.</param>
/// <param name="To">Dead before this time.</param>
public sealed record DeadLetterFilter(TenantId? Tenant, string? ErrorCategory, string? Provider, DateTimeOffset? From, DateTimeOffset? To)
{
    /// <summary>Whether a dead letter of the right tenant and time is meant.</summary>
    public bool Matches(LedgerEntry entry) =>
        (ErrorCategory is null || entry.ErrorCategory == ErrorCategory) && (Provider is null || entry.Provider == Provider);
}

/// <summary>
/// Where a page ended: behind a place among a tenant's dead letters. It stays right whatever becomes of the letters before it.
/// </summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Place">The last one's place; null: before the tenant's first.</param>
public sealed record DeadLetterCursor(TenantId Tenant, string? Place)
{
    private const int StampLength = 17;

    public static bool TryParse(string text, [NotNullWhen(true)] out DeadLetterCursor? cursor)
    {
        cursor = null;
        if (text.Split(MessageId.Separator) is not [var name, var place] || !TenantId.TryParse(name, out var tenant) || !IsPlace(tenant, place))
            return false;
        cursor = new DeadLetterCursor(tenant, place.Length == 0 ? null : place);
        return true;
    }

    public override string ToString() => $"{Tenant}{MessageId.Separator}{Place}";

    private static bool IsPlace(TenantId tenant, string place) =>
        place.Length == 0
        || (place.Split('-') is [{ Length: StampLength } stamp, var unique] && stamp.All(char.IsAsciiDigit) && MessageId.TryParse($"{tenant}{MessageId.Separator}{unique}", out _));
}
