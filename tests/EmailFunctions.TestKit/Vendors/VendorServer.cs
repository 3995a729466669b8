using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EmailFunctions.TestKit.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.TestKit.Vendors;

/// <summary>A vendor's HTTP server on a free loopback port, which does with each request what a test says.</summary>
public sealed class VendorServer : IAsyncDisposable
{
    private const string NumberKey = "number";

    private readonly ConcurrentQueue<VendorRequest> _requests = new();
    private readonly AwaitableCount _connections = new();
    private readonly WebApplication _app;
    private int _opened;
    private int _most;

    private VendorServer(Func<VendorRequest, VendorReply> script, X509Certificate2? certificate)
    {
        Script = script;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(CountAsync);
                if (certificate is not null)
                    listen.UseHttps(certificate);
            });
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>What is done with each request; it is asked before the body is read. May be changed at any time.</summary>
    public Func<VendorRequest, VendorReply> Script { get; set; }

    /// <summary>Where it listens, without a path.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>The requests that were read whole, in the order in which they ended.</summary>
    public IReadOnlyList<VendorRequest> Requests => [.. _requests];

    /// <summary>How many connections were opened so far.</summary>
    public int ConnectionsOpened => Volatile.Read(ref _opened);

    /// <summary>How many connections were open at once, at most.</summary>
    public int ConnectionsAtOnce => Volatile.Read(ref _most);

    /// <summary>How many connections are open.</summary>
    public int ConnectionsNow => _connections.Value;

    /// <summary>Starts one.</summary>
    /// <param name="script">What is done with each request.</param>
    /// <param name="certificate">For TLS; null: in clear.</param>
    public static async Task<VendorServer> StartAsync(Func<VendorRequest, VendorReply> script, X509Certificate2? certificate = null)
    {
        var server = new VendorServer(script, certificate);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>A certificate that nobody trusts unless told to.</summary>
    /// <param name="host">Whose it is; null: this machine's own addresses'.</param>
    public static X509Certificate2 MakeCertificate(string? host = null) => SelfSignedCertificate.Create(host);

    /// <summary>Waits until no connection is open.</summary>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Some were still open then.</exception>
    public Task WaitForNoConnectionsAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _connections.WaitUntilAsync(static value => value == 0, timeout, cancellationToken);

    /// <summary>Stops it; requests that are still open are not waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task<byte[]> ReadAsync(HttpContext context, long limit)
    {
        using var body = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; body.Length < limit && (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
            body.Write(buffer, 0, read);
        return body.ToArray();
    }

    private async Task CountAsync(ConnectionContext connection, Func<Task> next)
    {
        connection.Items[NumberKey] = Interlocked.Increment(ref _opened);
        var now = _connections.Add(1);
        for (var most = _most; now > most; most = Volatile.Read(ref _most))
            Interlocked.CompareExchange(ref _most, now, most);
        try
        {
            await next();
        }
        finally
        {
            _connections.Add(-1);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = Describe(context);
        var reply = Script(request);
        var body = await ReadAsync(context, reply.ReadUpTo ?? long.MaxValue);
        if (reply.ReadUpTo is null)
            _requests.Enqueue(request with { Body = body });
        if (reply.Hold is { } hold)
            await hold.PassAsync(context.RequestAborted);
        if (reply.IsCut)
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, reply);
    }

    private static async Task WriteAsync(HttpContext context, VendorReply reply)
    {
        var bytes = Encoding.UTF8.GetBytes(reply.Body);
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        foreach (var (name, value) in reply.Headers)
            context.Response.Headers[name] = value;
        await context.Response.Body.WriteAsync(bytes);
    }

    private static VendorRequest Describe(HttpContext context) => new(
        context.Request.Method,
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
        context.Request.Headers.ToDictionary(static header => header.Key.ToLowerInvariant(), static header => header.Value.ToString()),
        (int)context.Features.GetRequiredFeature<IConnectionItemsFeature>().Items[NumberKey]!,
        context.Connection.RemotePort);
}
