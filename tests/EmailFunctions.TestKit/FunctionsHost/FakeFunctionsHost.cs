namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// Stands in for the Azure Functions host that runs a custom handler: it reads a staged folder, starts the executable, sends
/// it the public's requests and the triggers' messages in the real encoding, and judges its answers as the real host does. All
/// members may be used from any thread.
/// </summary>
public sealed class FakeFunctionsHost : IAsyncDisposable
{
    private readonly FunctionsHostOptions _options;
    private readonly AppSettings _settings;
    private readonly HostFile _file;
    private readonly IReadOnlyList<FunctionDefinition> _functions;
    private readonly HostLog _log = new();
    private readonly WorkerSupervisor _workers;
    private readonly FunctionInvoker _invoker;
    private readonly TriggerListeners _listeners;
    private HttpFrontEnd? _frontEnd;

    private FakeFunctionsHost(FunctionsHostOptions options, TimeProvider time)
    {
        _options = options;
        _settings = new AppSettings(options.Settings);
        _file = HostFile.Read(options.ScriptRoot, _settings);
        _functions = FunctionLoader.Load(options.ScriptRoot, _file, _settings);
        _workers = new WorkerSupervisor(StartWorker, _log, _file.InitializationTimeout, time);
        _invoker = new FunctionInvoker(_workers, _log, _file.FunctionTimeout, time, options.HostVersion);
        _listeners = new TriggerListeners(_settings, _file, options, _invoker, _log);
    }

    /// <summary>The public side's address.</summary>
    public Uri Address => _frontEnd!.Address;

    /// <summary>Completes when the host has given up, since its worker failed too often or never got ready.</summary>
    public Task Failed => _workers.Failed;

    /// <summary>The functions that are not disabled, by their names.</summary>
    public IReadOnlyList<string> Functions => [.. _functions.Where(function => !function.Disabled).Select(function => function.Name)];

    /// <summary>Every invocation that has ended, in that order.</summary>
    public IReadOnlyList<InvocationRecord> Invocations => _log.Invocations;

    /// <summary>What happened to the worker.</summary>
    public IReadOnlyList<WorkerEvent> WorkerEvents => _log.WorkerEvents;

    /// <summary>What the host itself could not do, such as reaching a queue.</summary>
    public IReadOnlyList<string> Problems => _log.Problems;

    /// <summary>The worker's standard output, by lines.</summary>
    public IReadOnlyList<string> Output => _log.Output;

    /// <summary>The worker's standard error, by lines.</summary>
    public IReadOnlyList<string> Errors => _log.Errors;

    /// <summary>Starts a host. It does not wait for the worker; requests and messages do.</summary>
    /// <exception cref="FunctionsHostException">The real host would not start with it, or would leave out a function.</exception>
    public static async Task<FakeFunctionsHost> StartAsync(FunctionsHostOptions options, TimeProvider? time = null)
    {
        var host = new FakeFunctionsHost(options, time ?? TimeProvider.System);
        try
        {
            host._workers.Start();
            host._frontEnd = await HttpFrontEnd.StartAsync(host._functions, host._file, options, host._invoker, host.Failed);
            host._listeners.Start(host._functions);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns when the worker has answered once.</summary>
    /// <exception cref="FunctionsHostException">The host has given up.</exception>
    public async Task WaitUntilReadyAsync() => await _workers.ReadyAsync();

    /// <summary>Runs a timer's function now, once a run of it that is going on has ended.</summary>
    /// <param name="function">Its name; a disabled one runs too, as by an admin call.</param>
    /// <param name="isPastDue">What the function is told: whether the run comes late.</param>
    /// <exception cref="ArgumentException">There is no such timer.</exception>
    public Task<InvocationRecord> FireTimerAsync(string function, bool isPastDue = false) =>
        _listeners.FindTimer(function)?.FireAsync(isPastDue)
        ?? throw new ArgumentException($"There is no timer '{function}'.", nameof(function));

    /// <summary>The operations on a queue that the host's trigger did so far.</summary>
    public QueueOperations OperationsOf(string queue) => _log.Queue(queue).Now;

    /// <summary>Kills the worker as a crash does; the host starts it again.</summary>
    public void KillWorker() => _workers.KillWorker();

    /// <summary>Ends the host: the worker gets SIGKILL and no warning.</summary>
    public async ValueTask DisposeAsync()
    {
        // First of all: what is in hand now is neither completed nor given back.
        var listeners = _listeners.DisposeAsync();
        _invoker.Stop();
        if (_frontEnd is not null)
        {
            await _frontEnd.DisposeAsync();
        }

        await _workers.DisposeAsync();
        await listeners;
        _invoker.Dispose();
    }

    private IFunctionsWorker StartWorker(int port)
    {
        var start = WorkerCommand.Make(_file, _settings, _options.ScriptRoot, port, _log);
        return _options.Worker?.Invoke(start) ?? new WorkerProcess(start);
    }
}
