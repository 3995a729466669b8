using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>An OAuth 2 token endpoint on the loopback address that gives out <c>token-1</c>, <c>token-2</c> and so on, good for an hour.</summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> _requests = [];

    private TokenIssuer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First() + "/token";

    /// <summary>The fields of each request.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Requests => [.. _requests];

    /// <summary>What it answers in place of a token.</summary>
    public (HttpStatusCode Status, string Body)? Answer { get; set; }

    /// <summary>What it waits for before it answers.</summary>
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>The first request is there.</summary>
    public Task Arrived => _arrived.Task;

    public static TokenIssuer Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new TokenIssuer(builder.Build());
        issuer._app.MapPost("/token", issuer.HandleAsync);
        issuer._app.Start();
        return issuer;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<IResult> HandleAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        _requests.Enqueue(form.ToDictionary(static field => field.Key, static field => field.Value.ToString()));
        _arrived.TrySetResult();
        if (Hold is { } hold)
            await hold.Task.WaitAsync(request.HttpContext.RequestAborted);
        return Answer is { } answer
            ? Results.Text(answer.Body, "application/json", statusCode: (int)answer.Status)
            : Results.Text(string.Create(CultureInfo.InvariantCulture, $$"""{"access_token":"token-{{_requests.Count}}","token_type":"Bearer","expires_in":3600}"""), "application/json");
    }
}
