using EmailFunctions.Configs;
using EmailFunctions.Providers;
using EmailFunctions.Storage;

namespace EmailFunctions.Admin;

/// <summary>
/// Probes the providers of all active configurations. A few are asked at once, and who has not answered after a moment gives its place to
/// the next and goes on beside them: so a provider that hangs holds up nobody else's check.
/// </summary>
internal sealed partial class FleetHealth(ConfigStore configs, ConfigHealth health, TimeProvider time, ILogger<FleetHealth> logger)
{
    /// <summary>When the answer is given with what is known by then. Azure's front end cuts at 230 s; a provider has 20 s to answer a probe.</summary>
    public static readonly TimeSpan WholeTime = TimeSpan.FromSeconds(25);

    /// <summary>How long a check keeps its place.</summary>
    public static readonly TimeSpan PlaceTime = TimeSpan.FromSeconds(2);

    /// <summary>Checks that have a place.</summary>
    public const int Places = 32;

    public async Task<FleetHealthReport> CheckAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(WholeTime, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var places = new SemaphoreSlim(Places);
        var running = new List<Task<IReadOnlyList<ProviderCheck>?>>();
        var total = 0;
        await foreach (var config in configs.ListAsync(after: null, EntityLimits.MaxPageSize, cancellationToken))
        {
            if (!config.IsActive)
                continue;
            // Once the time is over the others are counted only.
            total++;
            if (await TryEnterAsync(places, end.Token))
                running.Add(CheckAsync(config, places, end.Token));
        }

        var done = (await Task.WhenAll(running)).OfType<IReadOnlyList<ProviderCheck>>().ToList();
        cancellationToken.ThrowIfCancellationRequested();
        return ToReport([.. done.SelectMany(static checks => checks)], total, total - done.Count);
    }

    private FleetHealthReport ToReport(List<ProviderCheck> checks, int total, int notChecked)
    {
        var healthy = checks.Count(static check => check.Healthy);
        return new FleetHealthReport(
            notChecked == 0 && healthy == checks.Count,
            healthy,
            checks.Count,
            checks.Count == 0 ? 100 : Math.Round(100.0 * healthy / checks.Count, 2),
            checks,
            total,
            notChecked > 0,
            notChecked,
            time.GetUtcNow());
    }

    private static async Task<bool> TryEnterAsync(SemaphoreSlim places, CancellationToken end)
    {
        try
        {
            await places.WaitAsync(end);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Null: the time was over before.
    private async Task<IReadOnlyList<ProviderCheck>?> CheckAsync(TenantConfig config, SemaphoreSlim places, CancellationToken end)
    {
        try
        {
            var checking = health.CheckAsync(config, end);
            await ((Task)checking).WaitAsync(PlaceTime, time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            places.Release();
            return await checking.WaitAsync(end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return null;
        }
#pragma warning disable CA1031 // One tenant's failure is a part of the answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            CheckFailed(logger, exception, config.Tenant.Value);
            var provider = TenantConfig.ToProviders(config.Fields)[0].Type;
            return [new ProviderCheck(provider.Name(), config.Tenant.Value, false, "unhealthy", time.GetUtcNow(), 0, $"It can't be probed ({exception.GetType().Name}); the log has the details.")];
        }
    }

    [LoggerMessage(EventId = 620, Level = LogLevel.Warning, Message = "The providers of tenant {TenantId} can't be probed.")]
    private static partial void CheckFailed(ILogger logger, Exception exception, string tenantId);
}
