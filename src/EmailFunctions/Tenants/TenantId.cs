using System.Diagnostics.CodeAnalysis;

namespace EmailFunctions.Tenants;

/// <summary>
/// A tenant's name: 1 to 64 of letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; case counts. Not <c>.</c> or <c>..</c>, which a URL
/// can't carry as a segment (RFC 3986 section 5.2.4).
/// </summary>
public sealed record TenantId
{
    public const int MaxLength = 64;

    /// <summary>What a field must be that names a tenant.</summary>
    public const string Requirement = "must be 1 to 64 of letters, digits, '.', '_' and '-'";

    private TenantId(string value) => Value = value;

    /// <summary>Who mail without a tenant belongs to; no tenant can have this name.</summary>
    public static TenantId System { get; } = new("system");

    public string Value { get; }

    public bool IsSystem => this == System;

    /// <summary>The partition that holds all of the tenant's messages, usage and audit.</summary>
    public string Partition => "t-" + Value;

    public static bool TryParse(string? text, [NotNullWhen(true)] out TenantId? tenant)
    {
        var valid = text is { Length: > 0 and <= MaxLength } and not "." and not ".."
            && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        tenant = valid ? new TenantId(text!) : null;
        return valid;
    }

    public override string ToString() => Value;
}
