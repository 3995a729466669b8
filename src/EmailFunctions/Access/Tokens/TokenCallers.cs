using System.Security.Claims;
using EmailFunctions.Tenants;

namespace EmailFunctions.Access.Tokens;

/// <summary>Whom an access token lets in.</summary>
internal static class TokenCallers
{
    private const string RoleClaim = "roles";

    // A string with spaces between, by RFC 8693 section 4.2; Entra ID calls it scp.
    private static readonly string[] ScopeClaims = ["scope", "scp"];

    // They ask for what the ID token holds (OpenID Connect Core section 5.4) and for a refresh token (section 11), and say nothing about us.
    private static readonly string[] OfOpenIdConnect = ["openid", "profile", "email", "address", "phone", "offline_access"];

    public static Caller Of(ClaimsPrincipal user, TokenRules rules)
    {
        var isAdmin = user.HasClaim(RoleClaim, rules.AdminRole);
        return new Caller(TenantOf([.. user.FindAll(rules.TenantClaim)]), isAdmin) { Scopes = ScopesOf(user) ?? (isAdmin ? Scopes.All : Scopes.Usual), Name = NameOf(user) };
    }

    // Who names several tenants names none; and mail without a tenant, which is the system's, is for admins alone.
    private static TenantId? TenantOf(Claim[] claims) =>
        claims is [var claim] && TenantId.TryParse(claim.Value, out var tenant) && !tenant.IsSystem ? tenant : null;

    // Null: the token names none. One that names others only is not meant for what ours stand for.
    private static Scopes? ScopesOf(ClaimsPrincipal user)
    {
        var names = ScopeClaims.SelectMany(user.FindAll).SelectMany(static claim => claim.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Except(OfOpenIdConnect).ToList();
        return names.Count == 0 ? null : names.Aggregate(Scopes.None, static (scopes, name) => scopes | ScopeNames.Parse(name));
    }

    // The subject is unique within its issuer, of which there is one.
    private static string NameOf(ClaimsPrincipal user) => "token:" + (user.FindFirst("sub") ?? user.FindFirst("azp") ?? user.FindFirst("client_id"))?.Value;
}
