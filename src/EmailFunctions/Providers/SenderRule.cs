using EmailFunctions.Validation;

namespace EmailFunctions.Providers;

/// <summary>
/// From which domains mail may be. An entry is a domain, or <c>*.</c> and a domain, which stands for all below it and not for itself. Domains are
/// compared as DNS has them: as A-labels (RFC 5890 section 2.3.2.1), without regard to case. Rules that say the same are equal.
/// </summary>
public sealed record SenderRule
{
    /// <summary>Entries of a tenant's rule.</summary>
    public const int MaxDomains = 50;

    /// <summary>What an entry must be.</summary>
    public const string DomainRequirement = "must be a domain like example.com, or *.example.com for those below it";

    private const string AnyBelow = "*.";

    private readonly string _domains;

    private SenderRule(IEnumerable<string> domains, string requirement)
    {
        _domains = string.Join(' ', domains.Select(Normal).OfType<string>());
        Requirement = requirement;
    }

    /// <summary>What a sender must be by this rule, and which setting says so.</summary>
    public string Requirement { get; }

    /// <summary>What a tenant's configuration says.</summary>
    public static SenderRule OfTenant(IEnumerable<string> domains) => new(domains, "must be of a domain that the tenant's allowed_from_domains names");

    /// <summary>What counts for whoever sends through the system default.</summary>
    /// <param name="sender">The deployment's own sender.</param>
    public static SenderRule OfSystem(string sender) => new(
        [sender[(sender.IndexOf('@') + 1)..]],
        "must be of the domain of EMAIL_FROM_EMAIL while the system default sends the tenant's mail; with an active configuration the tenant sends as itself");

    /// <summary>Whether an entry is one.</summary>
    public static bool IsDomain(string? domain) => domain is not null && Normal(domain) is not null;

    /// <summary>Whether mail may be from an address.</summary>
    public bool Allows(string address)
    {
        if (EmailAddress.AsciiDomain(address[(address.IndexOf('@') + 1)..]) is not { } domain)
            return false;
        foreach (var allowed in _domains.Split(' '))
        {
            if (allowed.StartsWith(AnyBelow, StringComparison.Ordinal) ? domain.EndsWith(allowed[1..], StringComparison.Ordinal) : domain == allowed)
                return true;
        }

        return false;
    }

    private static string? Normal(string domain)
    {
        var prefix = domain.StartsWith(AnyBelow, StringComparison.Ordinal) ? AnyBelow : "";
        return EmailAddress.AsciiDomain(domain[prefix.Length..]) is { } ascii ? prefix + ascii : null;
    }
}
