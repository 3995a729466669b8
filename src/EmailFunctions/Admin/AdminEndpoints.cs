using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Configs;
using EmailFunctions.DeadLetters;
using EmailFunctions.Delivery;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Admin;

/// <summary>The admin's routes over all tenants' configurations, and over what this instance and its queues are at.</summary>
internal static class AdminEndpoints
{
    private const int MaxBreakers = 1_000;

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/admin/email").WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin);
        group.MapGet("/health", HealthAsync).WithName("GetFleetHealth").WithSummary("Probe the providers of all active configurations without sending, for 25 seconds at most")
            .ProducesProblems(403);
        group.MapGet("/providers/distribution", DistributionAsync).WithName("GetProviderDistribution").WithSummary("How many tenants are configured for which provider")
            .ProducesProblems(403);
        group.MapGet("/configs", ConfigsAsync).WithName("ListConfigs").WithSummary("Configurations of all tenants, without their secrets, by tenant").ProducesProblems(400, 403);
        group.MapPost("/configs/invalidate-cache", InvalidateAsync).WithName("InvalidateConfigCache").WithSummary("Drop one or all cached configurations at this instance")
            .ProducesProblems(400, 403);
        group.MapGet("/breakers", BreakersAsync).WithName("ListBreakers").WithSummary("Providers that this instance leaves alone for a while").ProducesProblems(403);
        group.MapGet("/queue", QueueAsync).WithName("GetQueueOverview").WithSummary("How much is on the queues, and how many dead letters there are").ProducesProblems(403);
        group.MapGet("/budgets", BudgetsAsync).WithName("ListBudgets").WithSummary("What tenants have used of their daily quotas and monthly budgets, by tenant").ProducesProblems(400, 403);
    }

    private static async Task<Ok<FleetHealthReport>> HealthAsync(FleetHealth health, CancellationToken cancellationToken)
    {
        return TypedResults.Ok(await health.CheckAsync(cancellationToken));
    }

    private static async Task<Ok<ProviderDistribution>> DistributionAsync(ConfigIndex index, CancellationToken cancellationToken)
    {
        var counts = await index.CountAsync(cancellationToken);
        var total = counts.Values.Sum();
        return TypedResults.Ok(new ProviderDistribution(
            total,
            [.. counts.Select(static pair => new ProviderShare(pair.Key.Name(), pair.Value)).OrderByDescending(static share => share.TenantCount)],
            counts.ToDictionary(static pair => pair.Key.Name(), pair => Math.Round(100.0 * pair.Value / total, 2))));
    }

    private static async Task<Ok<ConfigList>> ConfigsAsync(
        string? active_only, string? provider, string? cursor, string? limit, ConfigIndex index, TenantStates states, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (after, count) = (ReadTenant("cursor", cursor, errors), PageLimit.Read(limit, errors));
        if (active_only is not (null or "true" or "false"))
            errors.Add("active_only", "must be true or false");
        ProviderType? type = null;
        if (ProviderTypes.TryParse(provider, out var named))
            type = named;
        else if (provider is not null)
            errors.Add("provider", "must be " + ProviderTypes.Choices);
        if (errors.Any)
            throw Problem.Invalid(errors);
        var (configs, next) = await index.FindAsync(
            config => (active_only != "true" || config.IsActive) && (type is null || TenantConfig.ToProviders(config.Fields)[0].Type == type), after, count, cancellationToken);
        var shown = new List<ConfigResponse>();
        foreach (var config in configs)
            shown.Add(ConfigResponse.Of(config) with { Suspension = (await states.FindAsync(config.Tenant, TenantStates.Sharp, cancellationToken))?.ToSuspension() });
        return TypedResults.Ok(new ConfigList(shown, next?.Value, next is not null, count));
    }

    private static async Task<Ok<CacheInvalidation>> InvalidateAsync(string? tenant_id, Caller caller, ConfigCache cache, AdminAudit audit, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var tenant = ReadTenant("tenant_id", tenant_id, errors);
        if (errors.Any)
            throw Problem.Invalid(errors);
        await audit.WriteAsync(new AdminDeed(caller, AdminActions.CacheInvalidate, tenant), cancellationToken);
        if (tenant is null)
            cache.InvalidateAll();
        else
            await cache.InvalidateAsync(tenant, cancellationToken);
        return TypedResults.Ok(new CacheInvalidation(tenant?.Value, "instance", (int)ConfigCache.Lifetime.TotalSeconds));
    }

    private static async Task<Ok<BreakerList>> BreakersAsync(
        ProviderGates gates, IProviderAccounts accounts, TimeProvider time, CancellationToken cancellationToken)
    {
        var stopped = gates.ListStopped().OrderBy(static stop => stop.Tenant.Value, StringComparer.Ordinal).ThenBy(static stop => stop.Place).Take(MaxBreakers + 1).ToList();
        var breakers = new List<Breaker>();
        foreach (var stop in stopped.Take(MaxBreakers))
        {
            // One that was replaced since is no concern of the tenant's any more.
            var route = await accounts.GetSettingsAsync(stop.Tenant, cancellationToken);
            if (stop.Place < route.Count && route[stop.Place] == stop.Provider)
                breakers.Add(new Breaker(stop.Tenant.Value, stop.Provider.Type.Name(), stop.Place, stop.State, stop.Until));
        }

        return TypedResults.Ok(new BreakerList(breakers, stopped.Count > MaxBreakers, time.GetUtcNow()));
    }

    private static async Task<Ok<QueueOverview>> QueueAsync(
        IEnumerable<IQueueSize> queues, DeadLetterCounter deadLetters, TimeProvider time, CancellationToken cancellationToken)
    {
        var dead = deadLetters.CountAsync(cancellationToken);
        var states = await Task.WhenAll(queues.Select(queue => StateOfAsync(queue, cancellationToken)));
        var (count, isAll) = await dead;
        return TypedResults.Ok(new QueueOverview(
            [.. states.OrderBy(static state => state.QueueName, StringComparer.Ordinal)], new DeadLetterTotal(count, isAll), time.GetUtcNow()));
    }

    private static async Task<Ok<BudgetList>> BudgetsAsync(
        string? cursor, string? limit, BudgetIndex index, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (after, count) = (ReadTenant("cursor", cursor, errors), PageLimit.Read(limit, errors));
        if (errors.Any)
            throw Problem.Invalid(errors);
        var (budgets, next) = await index.ReadAsync(after, count, cancellationToken);
        return TypedResults.Ok(new BudgetList(budgets, next?.Value, next is not null, count, time.GetUtcNow()));
    }

    // Whoever looks for what is wrong is to be told, and to see the rest.
    private static async Task<QueueState> StateOfAsync(IQueueSize queue, CancellationToken cancellationToken)
    {
        try
        {
            var count = await queue.CountAsync(cancellationToken);
            return new QueueState(queue.QueueName, count.Messages, count.IsExact, count.WhyUnknown);
        }
        catch (StoreUnavailableException)
        {
            return new QueueState(queue.QueueName, null, false, "The queue can't be reached.");
        }
    }

    // A page's cursor is the tenant that it ended with.
    private static TenantId? ReadTenant(string field, string? text, FieldErrors errors)
    {
        TenantId? tenant = null;
        if (text is not null && !TenantId.TryParse(text, out tenant))
            errors.Add(field, field == "cursor" ? "must be the next_cursor of an answer" : TenantId.Requirement);
        return tenant;
    }
}
