using System.Security.Claims;
using EmailFunctions.Tenants;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

namespace EmailFunctions.Access;

/// <summary>Tells from a request's access token who calls. Whatever does not say that anybody may call it takes no request without one.</summary>
internal static class Authentication
{
    private const string RoleClaim = "roles";

    /// <param name="services">The service's parts.</param>
    /// <param name="rules">How callers prove who they are; null: whoever calls is an admin.</param>
    public static void AddAccess(this IServiceCollection services, TokenRules? rules)
    {
        if (rules is null)
        {
            services.AddSingleton(Caller.Desk);
            return;
        }

        services.AddSingleton(rules);
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
        {
            options.Authority = rules.Authority.ToString();
            options.Audience = rules.Audience;
            options.MapInboundClaims = false;
            options.RequireHttpsMetadata = !rules.Authority.IsLoopback;
        });
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    public static void UseAccess(this WebApplication app)
    {
        if (app.Services.GetService<TokenRules>() is not { } rules)
            return;
        app.UseAuthentication();
        app.UseAuthorization();
        app.Use((context, next) =>
        {
            context.Features.Set(CallerOf(context.User, rules));
            return next(context);
        });
    }

    private static Caller CallerOf(ClaimsPrincipal user, TokenRules rules) => new(
        TenantId.TryParse(user.FindFirstValue(rules.TenantClaim), out var tenant) ? tenant : null,
        user.HasClaim(RoleClaim, rules.AdminRole));
}
