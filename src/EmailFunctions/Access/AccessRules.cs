using EmailFunctions.Access.Tokens;

namespace EmailFunctions.Access;

/// <summary>Who may call, and how callers prove who they are.</summary>
/// <param name="IsRequired">Whether a caller needs a credential; without one whoever calls is an admin.</param>
/// <param name="Tokens">Which access tokens are taken beside API keys; null: none.</param>
public sealed record AccessRules(bool IsRequired, TokenRules? Tokens)
{
    /// <summary>Who may scrape <c>/metrics</c>.</summary>
    public Exposure Metrics { get; init; } = Exposure.Required;

    /// <summary>Whether the pages and the document of the API are there.</summary>
    public Exposure Docs { get; init; } = Exposure.Public;

    /// <summary>Whether the status page is there.</summary>
    public Exposure Dashboard { get; init; } = Exposure.Public;

    /// <summary>By which id the pages sign a person in at the issuer of access tokens (code flow with PKCE); null: they don't.</summary>
    public string? ClientId { get; init; }

    /// <summary>What the pages ask the issuer for, with spaces between.</summary>
    public string SignInScope { get; init; } = "openid";

    /// <summary>Whose pages may call from a browser, beside the service's own; each by scheme, host and port.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];
}

/// <summary>Who gets an answer from a part of the service that is no tenant's.</summary>
public enum Exposure
{
    /// <summary>Nobody: it is not there.</summary>
    Off,

    /// <summary>Who has a credential for all tenants.</summary>
    Required,

    /// <summary>Anybody.</summary>
    Public,
}
