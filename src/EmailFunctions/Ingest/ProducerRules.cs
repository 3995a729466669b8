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

    /// <summary>Whether the queue must say of which tenant a producer is.</summary>
    public bool NeedsClaim { get; init; }

    /// <summary>As whom a message is accepted whose producer is of a tenant by the word of the queue: that tenant's, and no other's.</summary>
    /// <exception cref="ProblemException">403: the queue names none that can have a name, or producers may not send for it.</exception>
    internal Caller CallerFor(string? claim) => TenantId.TryParse(claim, out var tenant) ? CallerFor(tenant) : throw Problem.Forbidden();

    /// <summary>As whom a producer's message is accepted.</summary>
    /// <exception cref="ProblemException">403: producers may not send for this tenant.</exception>
    internal Caller CallerFor(TenantId tenant) =>
        Tenants.Contains(tenant) || (AllTenants && !tenant.IsSystem) ? new Caller(tenant, IsAdmin: false) : throw Problem.Forbidden();
}
