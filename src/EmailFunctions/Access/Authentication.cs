using EmailFunctions.Access.Tokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;

namespace EmailFunctions.Access;

/// <summary>Tells from a request's credential who calls. Whatever does not say that anybody may call it takes no request without one.</summary>
internal static class Authentication
{
    // Hands each credential to those who can read it.
    private const string AnyScheme = "Bearer credential";

    // Whoever waits for an answer waits for the issuer's keys, too, until they are known.
    private static readonly TimeSpan IssuerPatience = TimeSpan.FromSeconds(10);

    // Signatures of a key pair; that a token is to name one of its issuer's algorithms and not its own is said in RFC 8725 section 3.1.
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <param name="services">The service's parts.</param>
    /// <param name="rules">Who may call.</param>
    public static void AddAccess(this IServiceCollection services, AccessRules rules)
    {
        services.AddSingleton(rules).AddSingleton<SignIn>().AddAccessPolicies();
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy.Allow(rules.CorsOrigins)));
        if (!rules.IsRequired)
        {
            services.AddSingleton(Caller.Desk);
            return;
        }

        var schemes = services.AddAuthentication(AnyScheme)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, configureOptions: null)
            .AddPolicyScheme(AnyScheme, displayName: null, options => options.ForwardDefaultSelector = context => SchemeOf(context, rules));
        if (rules.Tokens is { } tokens)
            services.AddTokens(schemes, tokens);
    }

    public static void UseAccess(this WebApplication app)
    {
        var rules = app.Services.GetRequiredService<AccessRules>();
        if (rules.CorsOrigins.Count > 0)
            app.UseCors();
        if (rules.IsRequired)
            app.UseAuthentication();
        else
            app.UseMiddleware<LoopbackHost>();
        app.Use((context, next) =>
        {
            if (!rules.IsRequired)
                context.Features.Set(context.RequestServices.GetRequiredService<Caller>());
            else if (context.Features.Get<Caller>() is null && context.User.Identity?.IsAuthenticated == true)
                context.Features.Set(TokenCallers.Of(context.User, rules.Tokens!));
            return next(context);
        });
        app.UseAuthorization();
    }

    private static void AddTokens(this IServiceCollection services, AuthenticationBuilder schemes, TokenRules rules)
    {
        services.AddSingleton<TokenEvents>();
        schemes.AddJwtBearer(options =>
        {
            options.Authority = rules.Authority.AbsoluteUri;
            options.Audience = rules.Audience;
            options.MapInboundClaims = false;
            options.RequireHttpsMetadata = !rules.Authority.IsLoopback;
            options.BackchannelTimeout = IssuerPatience;
            options.TokenValidationParameters.ValidAlgorithms = Algorithms;
            options.EventsType = typeof(TokenEvents);
        });
    }

    private static string SchemeOf(HttpContext context, AccessRules rules) =>
        rules.Tokens is null || (BearerCredential.Of(context.Request) is { } credential && context.RequestServices.GetRequiredService<IApiKeyVerifier>().IsApiKey(credential))
            ? ApiKeyHandler.SchemeName
            : JwtBearerDefaults.AuthenticationScheme;
}
