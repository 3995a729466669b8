using EmailFunctions.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace EmailFunctions.Access;

/// <summary>
/// What a route wants of its callers. A route that says nothing answers nobody: whoever adds one has to decide. Which tenant a request is for is
/// decided in the route's handler, by <see cref="Caller"/>, from the path and the credential alone.
/// </summary>
internal static class AccessPolicies
{
    /// <summary>Lets in who has one of these scopes.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder route, Scopes anyOf) where TBuilder : IEndpointConventionBuilder => route.Wants(new ScopeRequirement(anyOf, OfAllTenants: false));

    /// <summary>Lets in who has one of these scopes for all tenants.</summary>
    public static TBuilder NeedsForAllTenants<TBuilder>(this TBuilder route, Scopes anyOf) where TBuilder : IEndpointConventionBuilder => route.Wants(new ScopeRequirement(anyOf, OfAllTenants: true));

    public static void AddAccessPolicies(this IServiceCollection services)
    {
        services.AddSingleton<IAuthorizationHandler, ScopeHandler>().AddSingleton<IAuthorizationHandler, FallbackHandler>().AddSingleton<IAuthorizationMiddlewareResultHandler, AccessResultHandler>();
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().AddRequirements(new FallbackRequirement()).Build());
    }

    private static TBuilder Wants<TBuilder>(this TBuilder route, ScopeRequirement requirement) where TBuilder : IEndpointConventionBuilder =>
        route.RequireAuthorization(new AuthorizationPolicyBuilder().AddRequirements(requirement).Build());

    private static Caller? CallerOf(AuthorizationHandlerContext context) => (context.Resource as HttpContext)?.Features.Get<Caller>();

    private sealed record ScopeRequirement(Scopes AnyOf, bool OfAllTenants) : IAuthorizationRequirement;

    private sealed class FallbackRequirement : IAuthorizationRequirement;

    private sealed class ScopeHandler : AuthorizationHandler<ScopeRequirement>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
        {
            if (CallerOf(context) is not { } caller)
                return Task.CompletedTask;
            if (requirement.OfAllTenants && !caller.IsAdmin)
                context.Fail(new AuthorizationFailureReason(this, ""));
            else if ((caller.Scopes & requirement.AnyOf) == Scopes.None)
                context.Fail(new AuthorizationFailureReason(this, string.Join(" or ", ScopeNames.Of(requirement.AnyOf))));
            else
                context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }

    // What is no route of ours, an unknown path or a wrong method, is told to those who may know the routes.
    private sealed class FallbackHandler : AuthorizationHandler<FallbackRequirement>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, FallbackRequirement requirement)
        {
            if (CallerOf(context) is not null && (context.Resource as HttpContext)?.GetEndpoint() is not RouteEndpoint)
                context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }

    private sealed class AccessResultHandler : IAuthorizationMiddlewareResultHandler
    {
        public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            if (authorizeResult.Succeeded)
                return next(context);
            if (context.Features.Get<Caller>() is null)
                return context.ChallengeAsync();
            throw authorizeResult.AuthorizationFailure?.FailureReasons.FirstOrDefault()?.Message is { Length: > 0 } scope ? Problem.MissingScope(scope) : Problem.Forbidden();
        }
    }
}
