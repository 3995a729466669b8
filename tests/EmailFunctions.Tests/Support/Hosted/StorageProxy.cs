using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Support.Hosted;

/// <summary>
/// Stands between the service and one service of a storage account: counts the requests that really leave, and is out of reach when a
/// test says so.
/// </summary>
internal sealed class StorageProxy : IAsyncDisposable
{
    private static readonly string[] Unforwarded = ["Host", "Transfer-Encoding", "Connection", "Keep-Alive"];

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseProxy = false });
    private readonly ConcurrentQueue<StorageRequest> _requests = [];
    private readonly WebApplication _app;

    private StorageProxy(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.Single());

    /// <summary>Whether connections are broken off without an answer.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether requests that are under way when it goes down are carried out and their answers lost.</summary>
    public bool LosesAnswers { get; set; }

    /// <summary>The requests that came, in order.</summary>
    public IReadOnlyCollection<StorageRequest> Requests => _requests;

    /// <summary>How many requests came while it was down.</summary>
    public int Refused { get; private set; }

    public void Clear() => _requests.Clear();

    /// <summary>Starts a proxy before <paramref name="target"/>.</summary>
    public static async Task<StorageProxy> StartAsync(Uri target)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(static kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var proxy = new StorageProxy(builder.Build());
        proxy._app.Run(context => proxy.ForwardAsync(context, target));
        await proxy._app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    private async Task ForwardAsync(HttpContext context, Uri target)
    {
        if (IsDown)
        {
            Refused++;
            context.Abort();
            return;
        }

        _requests.Enqueue(new StorageRequest(context.Request.Method, context.Request.GetEncodedPathAndQuery()));
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(target, context.Features.Get<IHttpRequestFeature>()!.RawTarget));
        if (context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(context.Request.Body);
        else if (context.Request.ContentLength == 0)
            request.Content = new ByteArrayContent([]);
        foreach (var (name, values) in context.Request.Headers.Where(static header => !Unforwarded.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!);
        }

        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        if (IsDown && LosesAnswers)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(static header => !Unforwarded.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
            context.Response.Headers[name] = values.ToArray();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

/// <summary>A request to a storage service: one transaction of its bill.</summary>
internal sealed record StorageRequest(string Method, string Target);
