using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Support.Hosted;

/// <summary>
/// The endpoint by which a process in App Service and Functions gets tokens of its managed identity (learn.microsoft.com, "Use managed
/// identities for App Service", REST).
/// </summary>
internal sealed class TokenEndpoint : IAsyncDisposable
{
    private const string Secret = "identity-header";

    private readonly WebApplication _app;
    private int _calls;

    private TokenEndpoint(WebApplication app) => _app = app;

    /// <summary>How often a token was asked for.</summary>
    public int Calls => _calls;

    /// <summary>The environment that leads a process here.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["IDENTITY_ENDPOINT"] = $"{_app.Urls.Single()}/msi/token",
        ["IDENTITY_HEADER"] = Secret,
        ["AZURE_TOKEN_CREDENTIALS"] = "ManagedIdentityCredential",
    };

    /// <summary>Starts an endpoint that gives this token.</summary>
    public static async Task<TokenEndpoint> StartAsync(string token)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var endpoint = new TokenEndpoint(builder.Build());
        endpoint._app.MapGet("/msi/token", (HttpRequest request, string resource) =>
        {
            Interlocked.Increment(ref endpoint._calls);
            return request.Headers["X-IDENTITY-HEADER"] == Secret
                ? Results.Text($$"""{"access_token":"{{token}}","expires_on":"{{DateTimeOffset.UtcNow.AddHours(24).ToUnixTimeSeconds()}}","resource":"{{resource}}","token_type":"Bearer"}""", "application/json")
                : Results.BadRequest();
        });
        await endpoint._app.StartAsync();
        return endpoint;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
