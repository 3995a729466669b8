namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// Keeps one worker running as the host's dispatcher does: waits until it answers, starts it again after an error, and gives
/// up after the third error of which no two neighbours are more than half an hour apart.
/// </summary>
internal sealed class WorkerSupervisor : IAsyncDisposable
{
    private const int IntentionalRestart = 200;

    private static readonly TimeSpan NoticeTime = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly Func<int, IFunctionsWorker> _start;
    private readonly HostLog _log;
    private readonly TimeSpan _initializationTimeout;
    private readonly TimeProvider _time;
    private readonly WorkerErrors _errors;
    private readonly WorkerReadiness _readiness;
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _supervising = [];
    private TaskCompletionSource<Uri> _ready = NewReady();
    private IFunctionsWorker? _worker;
    private bool _disposed;

    public WorkerSupervisor(Func<int, IFunctionsWorker> start, HostLog log, TimeSpan initializationTimeout, TimeProvider time)
    {
        _start = start;
        _log = log;
        _initializationTimeout = initializationTimeout;
        _time = time;
        _errors = new WorkerErrors(time);
        _readiness = new WorkerReadiness(initializationTimeout, time);
    }

    /// <summary>Completes when the host has given up.</summary>
    public Task Failed => _failed.Task;

    /// <exception cref="FunctionsHostException">The executable cannot be started.</exception>
    public void Start()
    {
        lock (_gate)
        {
            Launch();
        }
    }

    /// <summary>The address of the worker as soon as it has answered once.</summary>
    /// <exception cref="FunctionsHostException">The host has given up, or gives up since it took too long.</exception>
    /// <exception cref="OperationCanceledException">The caller has.</exception>
    public async Task<Uri> ReadyAsync(CancellationToken cancellationToken = default)
    {
        Task<Uri> ready;
        lock (_gate)
        {
            ready = _ready.Task;
        }

        if (!ready.IsCompleted)
        {
            try
            {
                var patience = (WorkerErrors.Allowed + 1) * _initializationTimeout;
                await Task.WhenAny(ready, _failed.Task).WaitAsync(patience, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                Fail("The worker was not ready in time.");
            }
        }

        return _failed.Task.IsCompleted ? throw new FunctionsHostException("The host has given up.") : await ready;
    }

    /// <summary>
    /// Gives a worker's death the time to be noticed. The real host takes longer than that from a broken call to the next
    /// delivery; on loopback a message would be delivered to a closed port until it is dead.
    /// </summary>
    public async Task NoticeAsync()
    {
        Task supervising;
        lock (_gate)
        {
            supervising = _supervising[^1];
        }

        await Task.WhenAny(supervising, Task.Delay(NoticeTime));
    }

    /// <summary>Kills the worker and everything in flight with it, and starts it again.</summary>
    public void Restart(string reason)
    {
        lock (_gate)
        {
            if (!_disposed && !_failed.Task.IsCompleted)
            {
                _log.Add(new WorkerEvent(WorkerEventKind.Restarted, null, reason));
                Replace();
            }
        }
    }

    /// <summary>Kills the worker from outside, as the platform may at any time; the host takes it for an error.</summary>
    public void KillWorker()
    {
        lock (_gate)
        {
            _worker?.Kill();
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            _worker?.Kill();
        }

        await Task.WhenAll(_supervising);
        _readiness.Dispose();
    }

    private static TaskCompletionSource<Uri> NewReady() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Launch()
    {
        if (_ready.Task.IsCompleted)
        {
            _ready = NewReady();
        }

        var port = FreePort.Take();
        _worker = _start(port);
        _log.Add(new WorkerEvent(WorkerEventKind.Started, null, $"port {port}"));
        _supervising.Add(Task.Run(() => SuperviseAsync(_worker, new Uri($"http://127.0.0.1:{port}"), _ready)));
    }

    private void Replace()
    {
        _worker?.Kill();
        Launch();
    }

    private async Task SuperviseAsync(IFunctionsWorker worker, Uri address, TaskCompletionSource<Uri> ready)
    {
        using var ended = new CancellationTokenSource();
        var pinging = _readiness.WaitAsync(address, ended.Token);
        if (await Task.WhenAny(pinging, worker.Exited) == pinging)
        {
            if (await pinging)
            {
                ready.TrySetResult(address);
            }
            else
            {
                OnError(worker, null, "It was not ready in time.");
            }
        }

        var code = await worker.Exited;
        await ended.CancelAsync();
        await pinging;
        OnExit(worker, code);
        await worker.DisposeAsync();
    }

    private void OnExit(IFunctionsWorker worker, int code)
    {
        lock (_gate)
        {
            if (_disposed || worker != _worker)
            {
                return;
            }

            if (code == 0)
            {
                // Nobody starts it again: each further call meets a closed port.
                _log.Add(new WorkerEvent(WorkerEventKind.Exited, code, "It ended by itself and is not started again."));
                return;
            }
        }

        if (code == IntentionalRestart)
        {
            Restart("It asked for a restart.");
        }
        else
        {
            OnError(worker, code, "It ended with an error.");
        }
    }

    private void OnError(IFunctionsWorker worker, int? code, string reason)
    {
        lock (_gate)
        {
            if (_disposed || worker != _worker)
            {
                return;
            }

            _log.Add(new WorkerEvent(WorkerEventKind.Failed, code, reason));
            if (_errors.Add())
            {
                Replace();
                return;
            }
        }

        Fail("The worker failed too often.");
    }

    private void Fail(string reason)
    {
        lock (_gate)
        {
            if (_failed.TrySetResult())
            {
                _log.Add(new WorkerEvent(WorkerEventKind.HostFailed, null, reason));
                _worker?.Kill();
                _worker = null;
            }
        }
    }
}
