using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The newer way of public requests: YARP's own forwarder, which streams in both directions, with the real host's settings. A
/// request that the worker did not answer is tried again, so one without a body may be handled twice.
/// </summary>
internal sealed class HttpProxying(FunctionInvoker invoker, IHttpForwarder forwarder, string hostVersion) : IDisposable
{
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    private readonly HttpMessageInvoker _client =
        new(new RetryingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }));

    /// <summary>False when the worker gave no answer.</summary>
    public async Task<bool> RunAsync(FunctionDefinition function, HttpContext context)
    {
        var record = await invoker.RunAsync(function, deliveryCount: 0, async (worker, id, ended) =>
        {
            // Whatever the caller sent under these names is replaced.
            context.Request.Headers[HostHeaders.Proxied] = id.ToString();
            context.Request.Headers[HostHeaders.InvocationId] = id.ToString();
            context.Request.Headers[HostHeaders.Version] = hostVersion;
            var error = await forwarder.SendAsync(context, worker.ToString(), _client, Config, HttpTransformer.Default, ended);

            // A caller who went away is nobody's failure.
            return error == ForwarderError.None || context.RequestAborted.IsCancellationRequested
                ? [] : throw new InvalidOperationException($"The request was not proxied: {error}.");
        });
        return record.Succeeded;
    }

    public void Dispose() => _client.Dispose();

    private sealed class RetryingHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const int Tries = 10;

        private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
        private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(250);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var delay = FirstDelay;
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await base.SendAsync(request, cancellationToken);
                }
                catch (HttpRequestException) when (attempt < Tries)
                {
                    await Task.Delay(delay, cancellationToken);
                    delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
                }
            }
        }
    }
}
