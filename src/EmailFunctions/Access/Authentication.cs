using System.Security.Claims;
using EmailFunctions.Tenants;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

namespace EmailFunctions.Access;

/// <summary>Tells from a request's access token who calls. Whatever does not say that anybody may call it takes no request without one.</summary>
internal static class Authentication
{
    private const string RoleClaim = "roles";

    // Whoever waits for an answer waits for the issuer's keys, too, until they are known.
    private static readonly TimeSpan IssuerPatience = TimeSpan.FromSeconds(10);

    // Signatures of a key pair; that a token is to name one of its issuer's algorithms and not its own is said in RFC 8725 section 3.1.
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <param name="services">The service's parts.</param>
    /// <param name="rules">How callers prove who they are; null: whoever calls is an admin.</param>
    public static void AddAccess(this IServiceCollection services, TokenRules? rules)
    {
        if (rules is null)
        {
            services.AddSingleton(Caller.Desk);
            return;
        }

        services.AddSingleton(rules).AddSingleton<TokenEvents>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
        {
            options.Authority = rules.Authority.AbsoluteUri;
            options.Audience = rules.Audience;
            options.MapInboundClaims = false;
            options.RequireHttpsMetadata = !rules.Authority.IsLoopback;
            options.BackchannelTimeout = IssuerPatience;
            options.TokenValidationParameters.ValidAlgorithms = Algorithms;
            options.EventsType = typeof(TokenEvents);
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
        TenantOf([.. user.FindAll(rules.TenantClaim)]), user.HasClaim(RoleClaim, rules.AdminRole));

    // Who names several tenants names none; and mail without a tenant, which is the system's, is for admins alone.
    private static TenantId? TenantOf(Claim[] claims) =>
        claims is [var claim] && TenantId.TryParse(claim.Value, out var tenant) && !tenant.IsSystem ? tenant : null;
}
