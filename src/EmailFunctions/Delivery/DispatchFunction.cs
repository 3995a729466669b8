using EmailFunctions.Delivery.Lanes;

namespace EmailFunctions.Delivery;

/// <summary>
/// The function <c>DispatchEmail</c>: takes one message of the internal queue. The local pump calls it, and a queue trigger.
/// It returns when the queue's message may be removed, and throws when it is to be delivered again.
/// </summary>
public sealed partial class DispatchFunction(
    MessageDispatcher dispatcher, TenantLanes lanes, HeldMessages held, DispatchQueue queue, TimeProvider time, ILogger<DispatchFunction> logger)
{
    // The queue has tried often enough for the moment.
    private static readonly TimeSpan RecoveryPause = TimeSpan.FromMinutes(1);

    public async Task RunAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var dispatch = Dispatch.Read(body.Span);
        if (dispatch is not null && await queue.TryCarryOverAsync(dispatch, cancellationToken))
            return;
        switch (dispatch?.Reference)
        {
            case MessageReference message:
                await dispatcher.DispatchAsync(message.Id, cancellationToken);
                break;
            case SlotReference slot:
                await dispatcher.DispatchAsync(slot, cancellationToken);
                break;
            case WakeUpReference wakeUp:
                await lanes.WakeAsync(wakeUp);
                break;
            case ConfigReference config:
                await lanes.ReplanAsync(config.Tenant);
                await held.ReleaseForNewConfigAsync(config.Tenant, cancellationToken);
                break;
            default:
                NotAReference(logger, body.Length);
                break;
        }
    }

    /// <summary>
    /// Takes a message while sending is switched off: what is to be sent waits in the ledger, where the sweep finds it later, but a changed
    /// configuration is told only once.
    /// </summary>
    public Task RunPausedAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        Dispatch.Read(body.Span) is { Reference: ConfigReference } ? RunAsync(body, cancellationToken) : Task.CompletedTask;

    /// <summary>Takes a reference that failed on all its deliveries: it begins anew, in a while.</summary>
    public async Task RecoverAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (Dispatch.Read(body.Span) is not { } dispatch)
        {
            NotAReference(logger, body.Length);
            return;
        }

        await queue.EnqueueAsync([new Dispatch(dispatch.Reference, dispatch.VisibleAt ?? time.GetUtcNow() + RecoveryPause)], cancellationToken);
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "The dispatch queue had a message of {Length} bytes that is no reference; it was dropped.")]
    private static partial void NotAReference(ILogger logger, int length);
}
