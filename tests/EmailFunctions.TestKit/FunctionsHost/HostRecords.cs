namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>One invocation of a function, recorded when it has ended.</summary>
/// <param name="Id">The invocation's id, as the worker saw it.</param>
/// <param name="Function">Its name.</param>
/// <param name="Succeeded">Whether the host took it for a success.</param>
/// <param name="Problem">Why not; null on success. May quote what the worker answered.</param>
/// <param name="DeliveryCount">How often the message was delivered, this time included; 0 where there is no message.</param>
/// <param name="Duration">From the start to the end, the wait for the worker included.</param>
/// <param name="Logs">The lines of the answer's <c>Logs</c>.</param>
public sealed record InvocationRecord(
    Guid Id, string Function, bool Succeeded, string? Problem, int DeliveryCount, TimeSpan Duration, IReadOnlyList<string> Logs);

/// <summary>What happened to the worker.</summary>
public enum WorkerEventKind
{
    /// <summary>It was started.</summary>
    Started,

    /// <summary>It ended with code 0, and is not started again.</summary>
    Exited,

    /// <summary>It ended with an error, or was not ready in time.</summary>
    Failed,

    /// <summary>It asked for a restart (code 200), or an invocation took longer than functionTimeout.</summary>
    Restarted,

    /// <summary>The host has given up.</summary>
    HostFailed,
}

/// <summary>One event of the worker's life.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="ExitCode">The exit code, where the worker ended by itself.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record WorkerEvent(WorkerEventKind Kind, int? ExitCode, string Reason);

/// <summary>How many operations the host's triggers did on one queue; a price is asked for each.</summary>
/// <param name="Receives">Calls of a Storage queue that asked for messages, empty ones included; for Service Bus: deliveries.</param>
/// <param name="Messages">Messages that came.</param>
/// <param name="Completes">Messages removed after a success.</param>
/// <param name="Abandons">Messages given back after a failure.</param>
/// <param name="Renewals">Locks prolonged.</param>
/// <param name="Poisoned">Messages moved to the poison queue.</param>
public sealed record QueueOperations(int Receives, int Messages, int Completes, int Abandons, int Renewals, int Poisoned);
