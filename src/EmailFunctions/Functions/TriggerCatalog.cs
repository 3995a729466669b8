using EmailFunctions.Delivery;
using EmailFunctions.Health;
using EmailFunctions.Ingest;
using EmailFunctions.Queueing;
using EmailFunctions.Sending;
using EmailFunctions.Sweeps;
using EmailFunctions.Telemetry;

namespace EmailFunctions.Functions;

/// <summary>
/// All functions without an HTTP trigger. Each queue has its pair on Service Bus and on the storage account; a deployment disables
/// those of the queue that it does not use.
/// </summary>
internal sealed class TriggerCatalog(
    IngestFunction ingest,
    IEnumerable<PoisonedMessages> poisoned,
    DispatchFunction dispatch,
    IEnumerable<ISweep> sweeps,
    ServiceHealth health,
    KeyAgeCheck keyAge,
    SendingSettings sending,
    DeliveryMetrics metrics,
    TimeProvider time)
{
    /// <summary>Behind a function's name: its twin on the storage account's queue.</summary>
    public const string StorageTwin = "FromStorage";

    // Well within the host's time for a function; what is left then is for the next run.
    private static readonly TimeSpan SweepTime = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan RecoveryPause = TimeSpan.FromSeconds(30);

    private const string EveryFiveMinutes = "30 */5 * * * *";
    private const string Daily = "0 10 6 * * *";

    public IReadOnlyList<TriggerFunction> Functions =>
    [
        .. OfQueue("IngestEmail", QueueNames.Ingest, (call, cancellationToken) => ingest.RunAsync(ToDelivered(call), cancellationToken)),
        .. OfQueue("DispatchEmail", QueueNames.Dispatch, DispatchAsync),
        .. OfDeadLetters("RecoverIngest", QueueNames.Ingest, RecoverIngestAsync),
        .. OfDeadLetters("RecoverDispatch", QueueNames.Dispatch, (call, cancellationToken) => dispatch.RecoverAsync(call.Body, cancellationToken)),
        .. sweeps.Select(sweep => new TriggerFunction("Sweep" + sweep.Name, new TimerTrigger(sweep.Schedule), (_, cancellationToken) => SweepAsync(sweep, cancellationToken))),
        new TriggerFunction("CheckKeyAge", new TimerTrigger(Daily), (_, cancellationToken) => keyAge.CheckAsync(cancellationToken)),
        new TriggerFunction("CheckHealth", new TimerTrigger(EveryFiveMinutes), (_, cancellationToken) => health.CheckAsync(cancellationToken)),
    ];

    private IEnumerable<TriggerFunction> OfQueue(string name, string queue, Func<TriggerCall, CancellationToken, Task> run)
    {
        return [new(name, new ServiceBusTrigger(queue), HandleAsync), new(name + StorageTwin, new StorageQueueTrigger(queue), HandleAsync)];

        async Task HandleAsync(TriggerCall call, CancellationToken cancellationToken)
        {
            await run(call, cancellationToken);
            metrics.Handled(queue);
        }
    }

    private static IEnumerable<TriggerFunction> OfDeadLetters(string name, string queue, Func<TriggerCall, CancellationToken, Task> run) =>
    [
        new(name, new ServiceBusTrigger(queue + ServiceBusTrigger.DeadLetters), run) { PauseAfterFailure = RecoveryPause },
        new(name + StorageTwin, new StorageQueueTrigger(queue + StorageQueueTrigger.Poison), run) { PauseAfterFailure = RecoveryPause },
    ];

    // Only storage queues have poison that could be forgotten; a dead-letter queue keeps what it has.
    private Task RecoverIngestAsync(TriggerCall call, CancellationToken cancellationToken) =>
        poisoned.SingleOrDefault() is { } messages
            ? messages.RecoverAsync(ToDelivered(call), call.DeliveryCount, cancellationToken)
            : ingest.RecoverAsync(ToDelivered(call), cancellationToken);

    private static Delivered ToDelivered(TriggerCall call) => new(call.Body, call.MessageId, call.TraceParent) { Tenant = call.ProducerTenant };

    // With sending switched off, what is queued waits: in the ledger, where the sweep finds it once sending is on again.
    private Task DispatchAsync(TriggerCall call, CancellationToken cancellationToken) =>
        sending.Enabled ? dispatch.RunAsync(call.Body, cancellationToken) : dispatch.RunPausedAsync(call.Body, cancellationToken);

    private async Task SweepAsync(ISweep sweep, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        // It would give hints to what waits for sending to be switched on.
        if (sweep is MessageSweep && !sending.Enabled)
            return;
        while (!(await sweep.RunAsync(cancellationToken)).IsComplete && time.GetElapsedTime(started) < SweepTime)
        {
            // There is more to do.
        }
    }
}
