using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>
/// The three calls of Key Vault's REST API that the service makes, about one key. Every failure is a
/// <see cref="KeyUnavailableException"/> that says what to check.
/// </summary>
internal sealed class KeyVaultClient : IDisposable
{
    private const string ApiVersion = "api-version=7.4";

    // Rotated monthly, a key comes to that many pages of 25 in two centuries.
    private const int MostPages = 100;

    private readonly KeyVaultAddress _key;
    private readonly KeyVaultOptions _options;
    private readonly TimeProvider _time;
    private readonly KeyVaultTokenPolicy _tokens;
    private readonly HttpPipeline _pipeline;

    public KeyVaultClient(KeyVaultAddress key, TokenCredential credential, TimeProvider time, KeyVaultOptions options)
    {
        (_key, _time, _options) = (key, time, options);
        _tokens = new KeyVaultTokenPolicy(key, credential, time);
        options.RetryPolicy = new KeyVaultRetryPolicy(options);
        _pipeline = HttpPipelineBuilder.Build(options, _tokens);
    }

    /// <summary>The newest version, with its public half.</summary>
    public async Task<KeyVersion> GetNewestAsync(CancellationToken cancellationToken)
    {
        var newest = await SendAsync(RequestMethod.Get, new Uri($"{_key}?{ApiVersion}"), null, KeyVersion.ReadBundle, cancellationToken);
        return _key.VersionOf(newest.KeyId) is null ? throw KeyVaultFailures.Unreadable(_key, null) : newest;
    }

    /// <summary>All versions, in no order, without their public halves.</summary>
    public async Task<List<KeyVersion>> ListVersionsAsync(CancellationToken cancellationToken)
    {
        var versions = new List<KeyVersion>();
        var page = new Uri($"{_key}/versions?{ApiVersion}");
        for (var pages = 0; page is not null && pages < MostPages; pages++)
        {
            // Where the next page is, the answer says; the token must not follow it anywhere else.
            if (!_key.IsOfThisVault(page))
                throw KeyVaultFailures.Unreadable(_key, null);
            var (items, next) = await SendAsync(RequestMethod.Get, page, null, ReadPage, cancellationToken);
            versions.AddRange(items);
            page = next;
        }

        return versions;
    }

    /// <summary>Unwraps under a version.</summary>
    public Task<byte[]> UnwrapAsync(string version, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        SendAsync(RequestMethod.Post, new Uri($"{_key}/{version}/unwrapkey?{ApiVersion}"), UnwrapBody(value.Span), ReadValue, cancellationToken);

    public void Dispose() => _tokens.Dispose();

    private async Task<T> SendAsync<T>(
        RequestMethod method, Uri address, ReadOnlyMemory<byte>? body, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        using var message = _pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(address);
        message.Request.Headers.Add("Accept", "application/json");
        if (body is { } content)
        {
            message.Request.Headers.Add("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(content);
        }

        await SendAsync(message, cancellationToken);
        try
        {
            using var answer = JsonDocument.Parse(message.Response.Content.ToMemory());
            return read(answer.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw KeyVaultFailures.Unreadable(_key, exception);
        }
        finally
        {
            // It may have held an unwrapped key.
            if (MemoryMarshal.TryGetArray(message.Response.Content.ToMemory(), out var bytes))
                CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private async Task SendAsync(HttpMessage message, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.Limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _pipeline.SendAsync(message, either.Token);
        }
        catch (Exception exception) when (KeyVaultFailures.IsNoAnswer(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw KeyVaultFailures.Unreachable(_key, exception);
        }

        if (message.Response.IsError)
            throw KeyVaultFailures.Refused(_key, message.Response, isUnwrap: message.Request.Method == RequestMethod.Post);
    }

    private static ReadOnlyMemory<byte> UnwrapBody(ReadOnlySpan<byte> value)
    {
        var body = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        json.WriteString("alg", "RSA-OAEP-256");
        json.WriteString("value", Base64Url.EncodeToString(value));
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }

    // Not by way of a string, which can't be overwritten.
    private static byte[] ReadValue(JsonElement answer)
    {
        var value = answer.GetProperty("value");
        return value.ValueKind == JsonValueKind.String
            ? Base64Url.DecodeFromUtf8(JsonMarshal.GetRawUtf8Value(value)[1..^1])
            : throw new FormatException("The value is no text.");
    }

    private static (List<KeyVersion> Items, Uri? Next) ReadPage(JsonElement answer)
    {
        var items = answer.GetProperty("value").EnumerateArray().Select(KeyVersion.ReadItem).ToList();
        var next = answer.TryGetProperty("nextLink", out var link) ? link.GetString() : null;
        return (items, string.IsNullOrEmpty(next) ? null : new Uri(next));
    }
}
