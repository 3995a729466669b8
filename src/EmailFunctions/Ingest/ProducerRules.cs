using EmailFunctions.Access;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Ingest;

/// <summary>For which tenants event producers may send.</summary>
/// <param name="AllTenants">For every tenant with a name of its own.</param>
/// <param name="Tenants">For these, among which may be <c>system</c>: then mail without a tenant is taken, too.</param>
public sealed record ProducerRules(bool AllTenants, IReadOnlySet<TenantId> Tenants)
{
    /// <summary>For every tenant, but not for mail without one.</summary>
    public static ProducerRules Default { get; } = new(true, new HashSet<TenantId>());

    /// <summary>As whom a producer's message is accepted.</summary>
    /// <exception cref="ProblemException">403: producers may not send for this tenant.</exception>
    internal Caller CallerFor(TenantId tenant) =>
        Tenants.Contains(tenant) || (AllTenants && !tenant.IsSystem) ? new Caller(tenant, IsAdmin: false) : throw Problem.Forbidden();
}
