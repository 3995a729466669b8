using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Browser.Tests;

/// <summary>A service that wants credentials, and the issuer that it trusts.</summary>
internal sealed class GuardedService : IAsyncDisposable
{
    private const string Audience = "email";

    private readonly TempFolder _folder = new();

    private GuardedService(FakeIssuer issuer) => Issuer = issuer;

    public FakeIssuer Issuer { get; }

    public ServiceProcess Service { get; private set; } = null!;

    /// <summary>Where its pages are, with a slash at the end. Chromium keeps what a page needs for signing in to secure addresses, and to this machine's.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Service.Port}/");

    /// <param name="clientId">As which client of the issuer's people sign in; null: they don't.</param>
    public static async Task<GuardedService> StartAsync(string? clientId = null)
    {
        var guarded = new GuardedService(await FakeIssuer.StartAsync());
        guarded.Issuer.SignedIn = (Audience, AdminClaims());
        var settings = new Dictionary<string, string> { ["EMAIL_AUTH"] = "required", ["EMAIL_AUTH_AUTHORITY"] = guarded.Issuer.Address, ["EMAIL_AUTH_AUDIENCE"] = Audience };
        if (clientId is not null)
            settings["EMAIL_AUTH_CLIENT_ID"] = clientId;
        guarded.Service = await ServiceProcess.StartAsync(guarded._folder.FullPath, settings);
        return guarded;
    }

    /// <summary>An API key for all tenants.</summary>
    public async Task<string> NewKeyAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/admin/email/api-keys") { Content = new StringContent("""{"name":"pages","scopes":["read","admin"]}""", Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Issuer.Issue(Audience, AdminClaims()));
        using var answer = await Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["key"]!.GetValue<string>();
    }

    public async ValueTask DisposeAsync()
    {
        Service?.Dispose();
        await Issuer.DisposeAsync();
        _folder.Dispose();
    }

    private static Dictionary<string, object> AdminClaims() => new() { ["roles"] = new[] { "admin" } };
}
