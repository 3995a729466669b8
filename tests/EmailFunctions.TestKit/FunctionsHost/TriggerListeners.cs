using Azure.Storage.Queues;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>The listeners of all functions that are no HTTP functions.</summary>
internal sealed class TriggerListeners(AppSettings settings, HostFile file, FunctionsHostOptions options, FunctionInvoker invoker, HostLog log)
    : IAsyncDisposable
{
    private readonly List<TimerListener> _timers = [];
    private readonly List<IAsyncDisposable> _others = [];

    /// <exception cref="FunctionsHostException">A connection has no usable setting.</exception>
    public void Start(IEnumerable<FunctionDefinition> functions)
    {
        foreach (var function in functions)
        {
            if (function.Trigger.Is("timerTrigger"))
            {
                StartTimer(function);
            }
            else if (function.Disabled)
            {
                continue;
            }
            else if (function.Trigger.Is("queueTrigger"))
            {
                StartQueue(function);
            }
            else if (function.Trigger.Is("serviceBusTrigger"))
            {
                StartServiceBus(function);
            }
        }
    }

    public TimerListener? FindTimer(string function) => _timers.SingleOrDefault(timer => timer.Function == function);

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_timers.Concat(_others).Select(listener => listener.DisposeAsync().AsTask()));

    // A disabled timer can be fired all the same, as by an admin call.
    private void StartTimer(FunctionDefinition function)
    {
        var timer = new TimerListener(function, invoker);
        _timers.Add(timer);
        if (options.RunTimers && !function.Disabled)
        {
            timer.Start();
        }
    }

    private void StartQueue(FunctionDefinition function)
    {
        var connection = function.Trigger.Text("connection") ?? "Storage";
        var text = settings.FindConnection(connection)
            ?? throw new FunctionsHostException($"{function.Name}: there is no connection string '{connection}' (a managed identity is not known here).");
        var listener = new StorageQueueListener(function, new QueueServiceClient(text), file, options, invoker, log);
        _others.Add(listener);
        listener.Start();
    }

    private void StartServiceBus(FunctionDefinition function)
    {
        var connection = function.Trigger.Text("connection")!;
        var address = options.ServiceBusAddress ?? AddressOf(settings.FindConnection(connection))
            ?? throw new FunctionsHostException($"{function.Name}: the connection '{connection}' names no Service Bus without TLS; set ServiceBusAddress.");
        var listener = new ServiceBusListener(function, new ServiceBusLogin(address, options.ServiceBusToken), file.MaxConcurrentCalls, invoker, log);
        _others.Add(listener);
        listener.Start();
    }

    // Only the emulator speaks without TLS.
    private static Uri? AddressOf(string? connectionString)
    {
        var fields = (connectionString ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(field => field.Split('=', 2)).ToDictionary(field => field[0], field => field[^1], StringComparer.OrdinalIgnoreCase);
        return AppSettings.IsTrue(fields.GetValueOrDefault("UseDevelopmentEmulator")) && Uri.TryCreate(fields.GetValueOrDefault("Endpoint"), UriKind.Absolute, out var endpoint)
            ? new UriBuilder("amqp", endpoint.Host, endpoint.Port > 0 ? endpoint.Port : 5672).Uri : null;
    }
}
