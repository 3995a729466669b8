using EmailFunctions.Configs;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>Has a tenant's line planned anew, and what was held for its configuration released, after that was changed.</summary>
internal sealed partial class ConfigWatcher(DispatchQueue queue, ILogger<ConfigWatcher> logger) : IConfigWatcher
{
    public async Task ChangedAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            await queue.EnqueueAsync([new Dispatch(new ConfigReference(tenant), VisibleAt: null)], cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            NotTold(logger, exception, tenant);
        }
    }

    [LoggerMessage(EventId = 360, Level = LogLevel.Warning, Message = "The configuration of tenant {TenantId} was changed, but the queue can't be reached; waiting mail follows it later.")]
    private static partial void NotTold(ILogger logger, Exception exception, TenantId tenantId);
}
