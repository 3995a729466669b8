using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;

namespace EmailFunctions.Access.Tokens;

/// <summary>
/// How a person gets an access token in a page of the service: by the issuer's code flow with PKCE (RFC 7636), in which the page is a client that
/// has no secret. What it says is public.
/// </summary>
internal sealed class SignIn(AccessRules rules, IOptionsMonitor<JwtBearerOptions> options)
{
    // As whoever calls waits for the issuer's keys.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ComeBack = TimeSpan.FromSeconds(5);

    /// <summary>Whom the pages call for it, beside the service; null: nobody.</summary>
    public Uri? Issuer => rules.ClientId is null ? null : rules.Tokens?.Authority;

    /// <summary>What a page needs for it; null where people don't sign in this way.</summary>
    /// <exception cref="ProblemException">503: the issuer does not say now where to sign in.</exception>
    public async Task<CodeFlow?> FindAsync(CancellationToken cancellationToken)
    {
        if (Issuer is not { } issuer)
            return null;
        var (authorization, token) = await ReadAsync(cancellationToken);
        // The page may call the issuer's own origin, and no other.
        if (!IsAddress(authorization) || !IsAddress(token) || new Uri(token).GetLeftPart(UriPartial.Authority) != issuer.GetLeftPart(UriPartial.Authority))
            throw Problem.Unavailable("The issuer of access tokens names no address for signing in, or one of another origin. Use an API key.");
        return new CodeFlow(authorization, token, rules.ClientId!, rules.SignInScope);
    }

    private async Task<(string Authorization, string Token)> ReadAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var manager = options.Get(JwtBearerDefaults.AuthenticationScheme).ConfigurationManager!;
            var found = await manager.GetConfigurationAsync(patience.Token).WaitAsync(patience.Token);
            return (found.AuthorizationEndpoint ?? "", found.TokenEndpoint ?? "");
        }
#pragma warning disable CA1031 // Whatever it is, nobody can sign in.
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            throw Problem.Unavailable("The issuer of access tokens can't be reached. Try again, or use an API key.", ComeBack);
        }
    }

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}

/// <summary>Where a person signs in, and as which client of the issuer's.</summary>
public sealed record CodeFlow(string AuthorizationEndpoint, string TokenEndpoint, string ClientId, string Scope);

/// <summary>The ways to sign in beside an API key or a token that one has; null: none.</summary>
public sealed record SignInWays(CodeFlow? CodeFlow);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SignInWays))]
internal sealed partial class SignInJson : JsonSerializerContext;
