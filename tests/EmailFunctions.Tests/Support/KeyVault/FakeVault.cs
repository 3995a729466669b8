using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Keys.KeyVault;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Support.KeyVault;

/// <summary>
/// A Key Vault on this machine, over http: what the service uses of its REST API (7.4), with real RSA. It wants a token and says
/// so as the real one does; its answers can be changed.
/// </summary>
internal sealed class FakeVault : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, FakeKey> _keys = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _faults = new();

    private FakeVault(WebApplication app, TimeProvider time) => (_app, _time) = (app, time);

    /// <summary>The vault's address.</summary>
    public string Address => _app.Urls.First();

    /// <summary>The token that it takes.</summary>
    public string Token { get; set; } = "token-of-the-service";

    /// <summary>The resource that its challenge names; null: its own.</summary>
    public string? Resource { get; set; }

    /// <summary>Versions in a page of a list.</summary>
    public int PageSize { get; set; } = 25;

    /// <summary>Where it says that the next page is; null: where it is.</summary>
    public string? NextPage { get; set; }

    /// <summary>The calls that brought a token, as <c>METHOD operation</c>; those without are not among them.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    /// <summary>Bytes of content that came without a token.</summary>
    public long BytesWithoutToken { get; private set; }

    /// <summary>Starts a vault without a key.</summary>
    public static async Task<FakeVault> StartAsync(TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var vault = new FakeVault(app, time);
        app.Run(vault.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return vault;
    }

    /// <summary>Makes a key with one version.</summary>
    public FakeKey AddKey(string name)
    {
        var key = new FakeKey(_time);
        key.Rotate();
        _keys[name] = key;
        return key;
    }

    /// <summary>The address of a key, as the service's setting has it.</summary>
    public KeyVaultAddress AddressOf(string name)
    {
        Assert.True(KeyVaultAddress.TryParse($"{Address}/keys/{name}", allowLoopbackHttp: true, out var address, out var mistake), mistake);
        return address;
    }

    /// <summary>The identifier of a version.</summary>
    public string IdOf(string name, FakeKeyVersion version) => $"{Address}/keys/{name}/{version.Id}";

    /// <summary>Answers the next call that brings a token otherwise; several are used in turn.</summary>
    public void Next(Func<HttpContext, Task> fault) => _faults.Enqueue(fault);

    /// <summary>Refuses the next calls.</summary>
    public void NextFails(int status, string? code = null, string? innerCode = null, int times = 1, string? retryAfter = null)
    {
        for (var i = 0; i < times; i++)
        {
            Next(context =>
            {
                if (retryAfter is not null)
                    context.Response.Headers.RetryAfter = retryAfter;
                return RefuseAsync(context, status, code ?? "Error", innerCode);
            });
        }
    }

    /// <summary>Answers with a key's newest version.</summary>
    public Task WriteBundleAsync(HttpContext context, string name) => WriteAsync(context, Bundle(name, _keys[name], _keys[name].Newest));

    /// <summary>Answers with these versions, as a list that is whole.</summary>
    public Task WriteVersionsAsync(HttpContext context, string name, IEnumerable<FakeKeyVersion> versions) =>
        WriteAsync(context, new JsonObject { ["value"] = Items(name, versions) });

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        foreach (var key in _keys.Values)
            key.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var body = await JsonBodyAsync(context);
        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            BytesWithoutToken += context.Request.Headers.Authorization.Count == 0 ? body.Length : 0;
            context.Response.Headers.WWWAuthenticate =
                $"Bearer authorization=\"https://login.example.com/the-tenant\", resource=\"{Resource ?? "http://127.0.0.1"}\"";
            await RefuseAsync(context, 401, "Unauthorized", null);
            return;
        }

        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        _calls.Enqueue($"{context.Request.Method} {(parts.Length > 2 ? parts[^1] : "key")}");
        if (_faults.TryDequeue(out var fault))
            await fault(context);
        else
            await AnswerAsync(context, parts, body);
    }

    private async Task AnswerAsync(HttpContext context, string[] parts, string body)
    {
        if (context.Request.Query["api-version"] != "7.4" || parts is not ["keys", var name, ..] || !_keys.TryGetValue(name, out var key))
            await RefuseAsync(context, 404, "KeyNotFound", null);
        else if (parts.Length == 2 && !key.Newest.IsEnabled)
            await RefuseAsync(context, 403, "Forbidden", "KeyDisabled");
        else if (parts.Length == 2)
            await WriteAsync(context, Bundle(name, key, key.Newest));
        else if (parts is [_, _, "versions"])
            await WriteAsync(context, Page(name, key, int.Parse(context.Request.Query["$skiptoken"].FirstOrDefault("0")!, CultureInfo.InvariantCulture)));
        else if (parts is [_, _, var id, "unwrapkey"] && key.Versions.FirstOrDefault(version => version.Id == id) is { } version)
            await UnwrapAsync(context, version, JsonNode.Parse(body)!);
        else
            await RefuseAsync(context, 404, "KeyNotFound", null);
    }

    // An expired version unwraps still; a disabled one does nothing.
    private static async Task UnwrapAsync(HttpContext context, FakeKeyVersion version, JsonNode request)
    {
        if (!version.IsEnabled)
        {
            await RefuseAsync(context, 403, "Forbidden", "KeyDisabled");
            return;
        }

        try
        {
            Assert.Equal("RSA-OAEP-256", request["alg"]!.GetValue<string>());
            byte[] plain;
            lock (version.Rsa)
                plain = version.Rsa.Decrypt(Base64Url.DecodeFromChars(request["value"]!.GetValue<string>()), RSAEncryptionPadding.OaepSHA256);
            await WriteAsync(context, new JsonObject { ["kid"] = $"{context.Request.Path}", ["value"] = Base64Url.EncodeToString(plain) });
        }
        catch (CryptographicException)
        {
            await RefuseAsync(context, 400, "BadParameter", null);
        }
    }

    private JsonObject Bundle(string name, FakeKey key, FakeKeyVersion version)
    {
        var parameters = version.Rsa.ExportParameters(includePrivateParameters: false);
        var jwk = new JsonObject { ["kid"] = IdOf(name, version), ["kty"] = key.Type, ["key_ops"] = new JsonArray("wrapKey", "unwrapKey") };
        if (key.Type.StartsWith("RSA", StringComparison.Ordinal))
        {
            jwk["n"] = Base64Url.EncodeToString(parameters.Modulus);
            jwk["e"] = Base64Url.EncodeToString(parameters.Exponent);
        }

        return new JsonObject { ["key"] = jwk, ["attributes"] = Attributes(version) };
    }

    // The real one sorts by the random ids, so not in order of creation.
    private JsonObject Page(string name, FakeKey key, int skip)
    {
        var sorted = key.Versions.OrderBy(static version => version.Id, StringComparer.Ordinal).ToList();
        var next = skip + PageSize < sorted.Count ? NextPage ?? $"{Address}/keys/{name}/versions?api-version=7.4&$skiptoken={skip + PageSize}" : null;
        return new JsonObject { ["value"] = Items(name, sorted.Skip(skip).Take(PageSize)), ["nextLink"] = next };
    }

    private JsonArray Items(string name, IEnumerable<FakeKeyVersion> versions) =>
        [.. versions.Select(version => new JsonObject { ["kid"] = IdOf(name, version), ["attributes"] = Attributes(version) })];

    private static JsonObject Attributes(FakeKeyVersion version)
    {
        var attributes = new JsonObject { ["enabled"] = version.IsEnabled, ["created"] = version.CreatedAt.ToUnixTimeSeconds() };
        if (version.NotBefore is { } notBefore)
            attributes["nbf"] = notBefore.ToUnixTimeSeconds();
        if (version.ExpiresAt is { } expiresAt)
            attributes["exp"] = expiresAt.ToUnixTimeSeconds();
        return attributes;
    }

    private static async Task<string> JsonBodyAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return await reader.ReadToEndAsync(context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, int status, string code, string? innerCode)
    {
        context.Response.StatusCode = status;
        var error = new JsonObject { ["code"] = code, ["message"] = "Text that names the caller secret-identity." };
        if (innerCode is not null)
            error["innererror"] = new JsonObject { ["code"] = innerCode };
        return WriteAsync(context, new JsonObject { ["error"] = error });
    }

    private static Task WriteAsync(HttpContext context, JsonObject body)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(body.ToJsonString(JsonSerializerOptions.Default), context.RequestAborted);
    }
}
