using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// A service that wants credentials and has seen many, good and bad, at every route of its API: in the header, in the query, in cookies. Each was a
/// canary. What it answered, printed, exported and stored is kept; it was stopped.
/// </summary>
public sealed class CallerCanaryRun : IAsyncLifetime
{
    private const string Audience = "api://email-functions";

    private readonly TempFolder _folder = new();
    private readonly StringBuilder _answered = new();
    private readonly ConcurrentDictionary<HttpStatusCode, int> _statuses = new();
    private ServiceProcess? _service;

    internal Canaries Canaries { get; } = new();

    /// <summary>The data folder, after the stop.</summary>
    public string Folder => _folder.FullPath;

    /// <summary>The part of an API key that may be seen; to show that keys were stored.</summary>
    public string KeyId { get; private set; } = "";

    /// <summary>All that the process printed.</summary>
    public string Printed { get; private set; } = "";

    /// <summary>The metrics, spans and logs that it sent to Azure Monitor.</summary>
    public string Exported { get; private set; } = "";

    /// <summary>What <c>/metrics</c> said before the stop.</summary>
    public string Scraped { get; private set; } = "";

    /// <summary>Its answers, header lines and bodies, but for those that showed a new key.</summary>
    public string Answered => _answered.ToString();

    /// <summary>How often it answered how.</summary>
    public IReadOnlyDictionary<HttpStatusCode, int> Statuses => _statuses;

    public async ValueTask InitializeAsync()
    {
        foreach (var name in new[] { "code", "query token", "query key", "function key", "cookie", "proxy password" })
            Canaries.New(name);
        await using var issuer = await FakeIssuer.StartAsync();
        await using var azure = await AzureMonitorSink.StartAsync();
        var settings = new Dictionary<string, string>(azure.Settings)
        {
            ["EMAIL_AUTH"] = "required",
            ["EMAIL_AUTH_AUTHORITY"] = issuer.Address,
            ["EMAIL_AUTH_AUDIENCE"] = Audience,
            ["EMAIL_DATA_DIR"] = Folder,
        };
        var made = await ServiceProcess.RunAsync(Folder, settings, "create-admin-key", "canary run");
        Assert.True(made.ExitCode == 0, made.Errors);
        Assert.Empty(Canaries.SearchText("errors", made.Errors));
        var admin = WatchKey("admin key", made.Output.Trim());
        _service = await ServiceProcess.StartAsync(Folder, settings);

        var credentials = await CredentialsAsync(admin, issuer);
        var calls = await CallsAsync();
        foreach (var credential in credentials)
        {
            foreach (var (method, path) in calls)
            {
                await CallAsync(method, path, credential);
                await CallAsync(method, path + $"?code={Canaries["code"]}&access_token={Canaries["query token"]}&api_key={Canaries["query key"]}", credential);
            }
        }

        Scraped = await GetAsync("/metrics", admin);
        await _service.StopAsync();
        Printed = _service.Output + _service.Errors;
        Exported = azure.Text;
    }

    public ValueTask DisposeAsync()
    {
        _service?.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    // What comes in the header Authorization; a new kind of credential is a line here. The bad ones come last, since who fails may be slowed down.
    private async Task<List<string>> CredentialsAsync(string admin, FakeIssuer issuer)
    {
        var revoked = await MakeKeyAsync(admin, "revoked key", "send");
        using (var answer = await SendAsync(HttpMethod.Delete, $"/api/v1/email/configs/acme/api-keys/{revoked.Split('_')[1]}", "Bearer " + admin))
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        return
        [
            "Bearer " + admin,
            "Bearer " + await MakeKeyAsync(admin, "key with all scopes", "send", "read", "config", "admin"),
            "Bearer " + await MakeKeyAsync(admin, "key that may only read", "read"),
            "Bearer " + WatchToken("token", issuer.Issue(Audience, new() { ["tenant_id"] = "acme", ["email"] = Canaries.New("claim") })),
            "Bearer " + WatchToken("token of another tenant", issuer.Issue(Audience, new() { ["tenant_id"] = "other" })),
            "Bearer " + WatchToken("expired token", issuer.Issue(Audience, new() { ["tenant_id"] = "acme" }, static token => (token.NotBefore, token.Expires) = (DateTime.UtcNow.AddDays(-2), DateTime.UtcNow.AddDays(-1)))),
            "Bearer " + WatchToken("token for another service", issuer.Issue("api://another", new() { ["tenant_id"] = "acme" })),
            "Bearer " + revoked,
            "Bearer " + WatchKey("key with a wrong checksum", admin[..^1] + (admin[^1] == '0' ? '1' : '0')),
            "Bearer " + Canaries.New("nonsense"),
            "Bearer " + Canaries.New("header of a token") + "." + Canaries.New("claims of a token") + "." + Canaries.New("signature of a token"),
            "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("user:" + Canaries.New("basic password"))),
            Canaries.New("scheme"),
        ];
    }

    private async Task<string> MakeKeyAsync(string admin, string name, params string[] scopes)
    {
        using var answer = await SendAsync(
            HttpMethod.Post, "/api/v1/email/configs/acme/api-keys", "Bearer " + admin, new JsonObject { ["name"] = "canary run", ["scopes"] = new JsonArray([.. scopes.Select(static scope => JsonValue.Create(scope))]) }.ToJsonString());
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return WatchKey(name, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["key"]!.GetValue<string>());
    }

    // An API key's id may be seen; its secret may not, by itself either.
    private string WatchKey(string name, string key)
    {
        KeyId = key.Split('_')[1];
        Canaries.Watch(name + ": secret", key[29..]);
        return Canaries.Watch(name, key);
    }

    private string WatchToken(string name, string token)
    {
        Canaries.Watch(name + ": claims", token.Split('.')[1]);
        Canaries.Watch(name + ": signature", token.Split('.')[2]);
        return token;
    }

    // Whatever the API's document names, so that a new route is called, too; and what does not exist. Reading comes first, since the others remove things.
    private async Task<List<(HttpMethod Method, string Path)>> CallsAsync()
    {
        var document = JsonNode.Parse(await GetAsync("/openapi/v1.json", null))!;
        var calls =
            from path in document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            let filled = path.Key.Replace("{tenant_id}", "acme", StringComparison.Ordinal).Replace('{', '-').Replace('}', '-')
            select (Method: new HttpMethod(operation.Key.ToUpperInvariant()), Path: filled);
        return
        [
            .. calls.OrderBy(static call => call.Method == HttpMethod.Get ? 0 : 1),
            (HttpMethod.Get, "/nothing"), (HttpMethod.Get, "/api/v1/nothing"), (HttpMethod.Patch, "/api/v1/email/send"), (HttpMethod.Get, "/metrics"), (HttpMethod.Get, "/dashboard/"), (HttpMethod.Post, "/DispatchEmail"),
        ];
    }

    private async Task CallAsync(HttpMethod method, string path, string credential)
    {
        using var answer = await SendAsync(method, path, credential, method == HttpMethod.Get ? null : "{}");
        _statuses.AddOrUpdate(answer.StatusCode, 1, static (_, count) => count + 1);
        _answered.Append(answer.Headers).Append(answer.Content.Headers).AppendLine(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<string> GetAsync(string path, string? key)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, key is null ? null : "Bearer " + key);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? credential, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (credential is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", credential);
            request.Headers.TryAddWithoutValidation("x-functions-key", Canaries["function key"]);
            request.Headers.TryAddWithoutValidation("Cookie", "session=" + Canaries["cookie"]);
            request.Headers.TryAddWithoutValidation("Proxy-Authorization", "Bearer " + Canaries["proxy password"]);
        }

        return await _service!.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
