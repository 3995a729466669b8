using Azure.Core.Pipeline;

namespace EmailFunctions.Tests.Support;

/// <summary>Counts the requests that an Azure SDK sends, and lets them pass.</summary>
internal sealed class RequestCounter : IDisposable
{
    private readonly Handler _handler = new();

    public RequestCounter() => Transport = new HttpClientTransport(_handler);

    public HttpClientTransport Transport { get; }

    public int Count => _handler.Count;

    public void Dispose()
    {
        Transport.Dispose();
        _handler.Dispose();
    }

    private sealed class Handler() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
