using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace EmailFunctions.Tests.Access;

/// <summary>An OpenID Connect issuer on this machine: a discovery document, its keys, and tokens signed with them.</summary>
internal sealed partial class FakeIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeIssuer(WebApplication app) => _app = app;

    /// <summary>Its address, which is also what its tokens name as their issuer.</summary>
    public string Address => _app.Urls.Single();

    /// <summary>What its tokens are signed with.</summary>
    public RsaSecurityKey Key { get; private set; } = NewKey();

    /// <summary>A secret that it publishes among its keys, as no issuer should.</summary>
    public SymmetricSecurityKey SharedSecret { get; } = new(RandomNumberGenerator.GetBytes(32)) { KeyId = "shared" };

    /// <summary>Whether connections are broken off without an answer.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether requests get no answer at all.</summary>
    public bool Hangs { get; set; }

    /// <summary>The paths that were asked for.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    public static async Task<FakeIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new FakeIssuer(builder.Build());
        issuer._app.Run(issuer.AnswerAsync);
        await issuer._app.StartAsync(TestContext.Current.CancellationToken);
        return issuer;
    }

    /// <summary>A key that no issuer has yet.</summary>
    public static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = $"{Guid.NewGuid():N}" };

    /// <summary>Lets another key take the place of its own.</summary>
    public void Rotate() => Key = NewKey();

    /// <summary>A token, valid for an hour.</summary>
    /// <param name="audience">Whom it is for.</param>
    /// <param name="claims">What it says further.</param>
    /// <param name="change">Changes what it says or how it is signed.</param>
    public string Issue(string audience, Dictionary<string, object> claims, Action<SecurityTokenDescriptor>? change = null)
    {
        var now = DateTime.UtcNow;
        var token = new SecurityTokenDescriptor
        {
            Issuer = Address,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddHours(1),
            Claims = claims,
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.RsaSha256),
        };
        change?.Invoke(token);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(token);
    }

    public async ValueTask DisposeAsync()
    {
        _over.TrySetResult();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        _calls.Enqueue(context.Request.Path);
        if (Hangs)
            await _over.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Hangs || IsDown)
        {
            context.Abort();
            return;
        }

        if (await TrySignInAsync(context))
            return;
        await context.Response.WriteAsync(context.Request.Path.Value switch
        {
            "/.well-known/openid-configuration" => $$"""{"issuer":"{{Address}}","jwks_uri":"{{Address}}/keys","authorization_endpoint":"{{Address}}/authorize","token_endpoint":"{{Address}}/token"}""",
            "/keys" => ToJson(Key),
            _ => "{}",
        });
    }

    private string ToJson(RsaSecurityKey key)
    {
        var parts = key.Rsa.ExportParameters(includePrivateParameters: false);
        return $$"""{"keys":[{"kty":"RSA","use":"sig","kid":"{{key.KeyId}}","n":"{{Base64UrlEncoder.Encode(parts.Modulus)}}","e":"{{Base64UrlEncoder.Encode(parts.Exponent)}}"},{"kty":"oct","kid":"{{SharedSecret.KeyId}}","k":"{{Base64UrlEncoder.Encode(SharedSecret.Key)}}"}]}""";
    }
}
