using System.Net.Http.Formatting;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Runs invocations: waits for the worker, holds them to functionTimeout, and writes each down.</summary>
internal sealed class FunctionInvoker : IDisposable
{
    private readonly WorkerSupervisor _workers;
    private readonly HostLog _log;
    private readonly TimeSpan _functionTimeout;
    private readonly TimeProvider _time;
    private readonly string _hostVersion;
    private readonly CancellationTokenSource _stopping = new();

    // Longer than any invocation may take: the limit is functionTimeout, which restarts the worker.
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public FunctionInvoker(WorkerSupervisor workers, HostLog log, TimeSpan functionTimeout, TimeProvider time, string hostVersion)
    {
        _workers = workers;
        _log = log;
        _functionTimeout = functionTimeout;
        _time = time;
        _hostVersion = hostVersion;
    }

    public TimeProvider Time => _time;

    /// <summary>Hands a trigger's message to its function.</summary>
    public async Task<InvocationRecord> TriggerAsync(FunctionDefinition function, TriggerPayload payload, int deliveryCount)
    {
        var (record, _) = await PostAsync(function, payload, deliveryCount);
        return record;
    }

    /// <summary>Posts a payload; the result is null where the invocation failed.</summary>
    public async Task<(InvocationRecord Record, InvocationResult? Result)> PostAsync(
        FunctionDefinition function, TriggerPayload payload, int deliveryCount)
    {
        InvocationResult? result = null;
        var record = await RunAsync(function, deliveryCount, async (worker, id, ended) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(worker, function.Name));
            request.Content = new ObjectContent<TriggerPayload>(payload, new JsonMediaTypeFormatter());
            AddHeaders(request, id);
            using var response = await _client.SendAsync(request, ended);
            result = await InvocationResult.ReadAsync(response, ended);

            // Nobody ends an invocation whose answer was nothing, until functionTimeout does.
            await (result is null ? Task.Delay(Timeout.InfiniteTimeSpan, ended) : Task.CompletedTask);
            return result?.Logs ?? [];
        });
        return (record, record.Succeeded ? result : null);
    }

    /// <summary>Runs one invocation; the call gets the worker's address, the invocation's id, and a token that ends it.</summary>
    public async Task<InvocationRecord> RunAsync(
        FunctionDefinition function, int deliveryCount, Func<Uri, Guid, CancellationToken, Task<IReadOnlyList<string>>> call)
    {
        var id = Guid.NewGuid();
        var start = _time.GetTimestamp();
        IReadOnlyList<string> logs = [];
        string? problem = null;
        using var ended = new CancellationTokenSource();
        var calling = CallAsync();
        try
        {
            logs = await calling.WaitAsync(_functionTimeout, _time, _stopping.Token);
        }
        catch (TimeoutException)
        {
            problem = "It took longer than functionTimeout.";
            _workers.Restart($"{function.Name} took longer than functionTimeout.");
        }
        catch (HttpRequestException error) when (error.StatusCode is null)
        {
            problem = error.Message;
            await _workers.NoticeAsync();
        }
#pragma warning disable CA1031 // Whatever it is, the invocation has failed.
        catch (Exception error)
#pragma warning restore CA1031
        {
            problem = error.Message;
        }

        // It may still use the request that it answers.
        await ended.CancelAsync();
        await Task.WhenAny(calling);

        var record = new InvocationRecord(id, function.Name, problem is null, problem, deliveryCount, _time.GetElapsedTime(start), logs);
        _log.Add(record);
        return record;

        async Task<IReadOnlyList<string>> CallAsync() => await call(await _workers.ReadyAsync(ended.Token), id, ended.Token);
    }

    /// <summary>What every request of the host carries.</summary>
    public void AddHeaders(HttpRequestMessage request, Guid id)
    {
        request.Headers.Add(HostHeaders.Version, _hostVersion);
        request.Headers.Add(HostHeaders.InvocationId, id.ToString());
        request.Headers.UserAgent.ParseAdd($"Azure-Functions-Host/{_hostVersion}");
    }

    /// <summary>Ends every invocation as a failure: the host is going.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _client.Dispose();
        _stopping.Dispose();
    }
}

/// <summary>The names of the headers that the host adds.</summary>
internal static class HostHeaders
{
    public const string InvocationId = "X-Azure-Functions-InvocationId";
    public const string Version = "X-Azure-Functions-HostVersion";

    /// <summary>On proxied requests only.</summary>
    public const string Proxied = "x-ms-invocation-id";
}
