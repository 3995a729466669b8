using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace EmailFunctions.Tests.Access;

/// <summary>How people sign in at it: the code flow for clients without a secret (RFC 6749 section 4.1, RFC 7636), as strict as an issuer can be.</summary>
internal sealed partial class FakeIssuer
{
    private readonly ConcurrentDictionary<string, (string Challenge, string Client, string Redirect)> _codes = new();

    /// <summary>The audience of the tokens that it gives to those who sign in, and what else these say.</summary>
    public (string Audience, Dictionary<string, object> Claims) SignedIn { get; set; } = ("", []);

    /// <summary>Whether it refuses whoever wants to sign in.</summary>
    public bool Refuses { get; set; }

    /// <summary>Whether it forgets the state that it was given, or is somebody who never had it.</summary>
    public bool ForgetsState { get; set; }

    /// <summary>What was asked for with codes, by field.</summary>
    public ConcurrentQueue<Dictionary<string, string>> TokenRequests { get; } = new();

    private async Task<bool> TrySignInAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/authorize":
                Authorize(context);
                return true;
            case "/token":
                await GiveTokenAsync(context);
                return true;
            default:
                return false;
        }
    }

    // There is nobody to ask for a name: whoever comes is signed in.
    private void Authorize(HttpContext context)
    {
        var query = context.Request.Query;
        if (query["response_type"] != "code" || query["code_challenge_method"] != "S256" || query["code_challenge"].ToString().Length != 43 || query["state"].ToString().Length < 20)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var code = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = (query["code_challenge"]!, query["client_id"]!, query["redirect_uri"]!);
        var state = ForgetsState ? "another" : query["state"].ToString();
        context.Response.Redirect($"{query["redirect_uri"]}?state={Uri.EscapeDataString(state)}&" + (Refuses ? "error=access_denied&error_description=Not+you." : $"code={code}"));
    }

    private async Task GiveTokenAsync(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        context.Response.Headers.AccessControlAllowHeaders = "*";
        if (HttpMethods.IsOptions(context.Request.Method))
            return;
        var form = (await context.Request.ReadFormAsync()).ToDictionary(static field => field.Key, static field => field.Value.ToString());
        TokenRequests.Enqueue(form);
        // A code is good for one token.
        var isKnown = _codes.TryRemove(form.GetValueOrDefault("code", ""), out var code);
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form.GetValueOrDefault("code_verifier", ""))));
        if (!isKnown || code != (challenge, form.GetValueOrDefault("client_id", ""), form.GetValueOrDefault("redirect_uri", "")) || form["grant_type"] != "authorization_code")
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("""{"error":"invalid_grant"}""");
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($$"""{"token_type":"Bearer","expires_in":3600,"access_token":"{{Issue(SignedIn.Audience, SignedIn.Claims)}}"}""");
    }
}
