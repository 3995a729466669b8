using System.Collections.Concurrent;
using System.Net;
using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

/// <summary>A custom handler inside the test's process: it records each request and answers as the test says.</summary>
internal sealed class ScriptedWorker : IFunctionsWorker
{
    private const int Killed = 137;

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly WebApplication _app;
    private Task? _stopping;

    private ScriptedWorker(WorkerStart start, Handler handler)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, start.Port));
        _app = builder.Build();
        _app.Run(handler.HandleAsync);
        ((IHost)_app).Start();
    }

    public Task<int> Exited => _exited.Task;

    public void Kill() => End(Killed);

    /// <summary>Ends as a process does that calls exit. A request may do it, so nothing is waited for here.</summary>
    public void End(int code)
    {
        lock (_gate)
        {
            // With a token that is cancelled already, open connections are cut.
            _stopping ??= _app.StopAsync(new CancellationToken(canceled: true));
        }

        _exited.TrySetResult(code);
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _stopping!;
        await _app.DisposeAsync();
    }

    /// <summary>What the worker does; outlives each of its processes.</summary>
    internal sealed class Handler(Func<HttpContext, Task> answer)
    {
        private readonly ConcurrentQueue<SeenRequest> _seen = new();

        public IReadOnlyList<SeenRequest> Seen => [.. _seen];

        public ConcurrentQueue<ScriptedWorker> Workers { get; } = new();

        public SeenRequest Only => Assert.Single(_seen);

        public IFunctionsWorker Start(WorkerStart start)
        {
            var worker = new ScriptedWorker(start, this);
            Workers.Enqueue(worker);
            return worker;
        }

        public async Task HandleAsync(HttpContext context)
        {
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            if (target == "/")
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            // The test may read the body by itself, so it is kept.
            context.Request.EnableBuffering();
            using var reader = new StreamReader(context.Request.Body, leaveOpen: true);
            var body = await reader.ReadToEndAsync();
            context.Request.Body.Position = 0;
            _seen.Enqueue(new SeenRequest(context.Request.Method, target, new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
            await answer(context);
        }
    }
}

/// <summary>One request as the worker saw it.</summary>
internal sealed record SeenRequest(string Method, string Target, IHeaderDictionary Headers, string Body);
