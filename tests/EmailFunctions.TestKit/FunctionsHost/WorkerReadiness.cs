using System.Net.Sockets;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Asks a new worker for <c>/</c> until it answers. Any status counts, and so does any failure that is not the socket's.</summary>
internal sealed class WorkerReadiness(TimeSpan initializationTimeout, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly HttpClient _client = new();

    /// <summary>False when it did not answer in time, or the caller cancelled.</summary>
    public async Task<bool> WaitAsync(Uri address, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(initializationTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (!both.IsCancellationRequested)
        {
            try
            {
                using var answer = await _client.GetAsync(address, both.Token);
                return true;
            }
            catch (HttpRequestException error) when (error.InnerException is not SocketException)
            {
                return true;
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                await Task.WhenAny(Task.Delay(Pause, time, both.Token));
            }
        }

        return false;
    }

    public void Dispose() => _client.Dispose();
}
