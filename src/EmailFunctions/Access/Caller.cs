using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Access;

/// <summary>Who makes a request, and so whose data it may touch. A caller sees its own tenant only, an admin all.</summary>
/// <param name="Tenant">The caller's own tenant; null for an admin who has none.</param>
/// <param name="IsAdmin">Whether it may act for every tenant.</param>
public sealed record Caller(TenantId? Tenant, bool IsAdmin)
{
    /// <summary>Whoever calls an unauthenticated desk.</summary>
    public static Caller Desk { get; } = new(null, IsAdmin: true);

    /// <summary>What it may do.</summary>
    public Scopes Scopes { get; init; } = IsAdmin ? Scopes.All : Scopes.Usual;

    /// <summary>Names the credential, for the record of who did what: the id of an API key, or the subject of a token; never a part of a secret.</summary>
    public string Name { get; init; } = "desk";

    /// <summary>Who makes this request: whom its credential names, or, without authentication, whoever it is.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.Features.Get<Caller>() ?? context.RequestServices.GetRequiredService<Caller>());

    /// <summary>The tenant that a path names.</summary>
    /// <exception cref="ProblemException">400: no tenant can have this name; 403: it is another's.</exception>
    public TenantId Require(string tenantId)
    {
        if (!TenantId.TryParse(tenantId, out var tenant))
            throw Problem.Invalid("tenant_id", TenantId.Requirement);
        return Allowed(tenant);
    }

    /// <summary>The same for a path that changes a configuration, which <c>system</c> has none of.</summary>
    /// <exception cref="ProblemException">As <see cref="Require"/>; 400 also for the reserved name.</exception>
    public TenantId RequireConfigurable(string tenantId)
    {
        var tenant = Require(tenantId);
        return tenant.IsSystem
            ? throw Problem.Invalid("tenant_id", "must not be system: that name is reserved for mail without a tenant")
            : tenant;
    }

    /// <summary>The tenant that a message belongs to: the one it names, else the caller's own, else, for an admin, the system.</summary>
    /// <exception cref="ProblemException">403: it is another's.</exception>
    public TenantId Resolve(TenantId? named) =>
        named is null ? Tenant ?? (IsAdmin ? TenantId.System : throw Problem.Forbidden()) : Allowed(named);

    /// <exception cref="ProblemException">403: it is another's.</exception>
    public TenantId Allowed(TenantId tenant) => IsAdmin || tenant == Tenant ? tenant : throw Problem.Forbidden();
}
