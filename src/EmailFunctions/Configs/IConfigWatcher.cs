using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>Is told when a tenant's configuration was changed.</summary>
public interface IConfigWatcher
{
    /// <summary>Called after the change is stored. Failing does not undo the change.</summary>
    Task ChangedAsync(TenantId tenant, CancellationToken cancellationToken);
}
