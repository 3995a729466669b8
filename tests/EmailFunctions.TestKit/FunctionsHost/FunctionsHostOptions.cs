using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>What a <see cref="FakeFunctionsHost"/> runs, and where it may differ from the real host for a test's sake.</summary>
public sealed record FunctionsHostOptions
{
    /// <summary>The staged folder: host.json, a folder with a function.json per function, and the executable.</summary>
    public required string ScriptRoot { get; init; }

    /// <summary>
    /// The app settings. They resolve <c>%NAME%</c>, override host.json (<c>AzureFunctionsJobHost__…</c>), disable functions
    /// and are in the environment of the worker.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>How public requests reach the worker when host.json turns on proxying or forwarding.</summary>
    public HttpMode HttpMode { get; init; } = HttpMode.Proxying;

    /// <summary>The TCP port of the public side on the loopback address; 0 (the default) takes any free one.</summary>
    public int Port { get; init; }

    /// <summary>The version the host says it has, in a header and in the forwarded User-Agent.</summary>
    public string HostVersion { get; init; } = "4.1052.200.26101";

    /// <summary>What a request must show for a function with <c>authLevel</c> function, as <c>x-functions-key</c> or <c>?code=</c>.</summary>
    public string FunctionKey { get; init; } = "function-key";

    /// <summary>What a request must show for a function with <c>authLevel</c> admin; opens the others too.</summary>
    public string MasterKey { get; init; } = "master-key";

    /// <summary>Makes a worker; null (the default) starts the executable that host.json names.</summary>
    public Func<WorkerStart, IFunctionsWorker>? Worker { get; init; }

    /// <summary>Runs timers by their schedules; otherwise only <see cref="FakeFunctionsHost.FireTimerAsync"/> does.</summary>
    public bool RunTimers { get; init; } = true;

    /// <summary>
    /// The longest pause between two looks at an empty Storage queue; null: as host.json says, by default a minute. The first
    /// pause is 100 ms, and each further one is longer.
    /// </summary>
    public TimeSpan? MaxPollingInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long a Storage queue's message is invisible at first, and again by each renewal, which comes after half of it. Ten
    /// minutes in the real host; at least a second.
    /// </summary>
    public TimeSpan QueueLease { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where the Service Bus is, as <c>amqp://host:port</c>; null: what the connection's settings say.</summary>
    public Uri? ServiceBusAddress { get; init; }

    /// <summary>Makes the token for an audience, where the broker wants one; null: none is sent.</summary>
    public Func<string, ServiceBusToken>? ServiceBusToken { get; init; }
}
