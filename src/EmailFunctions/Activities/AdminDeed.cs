using EmailFunctions.Access;
using EmailFunctions.Tenants;

namespace EmailFunctions.Activities;

/// <summary>An administrative action that is to be written down; what is found out while it is done is filled in then.</summary>
/// <param name="actor">The credential that asks for it, see <see cref="Caller.Name"/>.</param>
/// <param name="action">One of <see cref="AdminActions"/>.</param>
/// <param name="tenant">Whom it concerns; null: all tenants.</param>
internal sealed class AdminDeed(string actor, string action, TenantId? tenant = null)
{
    public AdminDeed(Caller caller, string action, TenantId? tenant = null) : this(caller.Name, action, tenant)
    {
    }

    public string Actor => actor;

    public TenantId? Tenant => tenant;

    public string Action { get; set; } = action;

    /// <summary>What it is done to, within the tenant: the id of a key or of a message; null: the tenant as a whole.</summary>
    public string? Target { get; set; }

    /// <summary>The fields that it changes, by their names on the wire.</summary>
    public IReadOnlyCollection<string> Changed { get; set; } = [];

    /// <summary>What else there is to say, in words; never a secret or a recipient.</summary>
    public string? Detail { get; set; }
}
