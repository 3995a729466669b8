using EmailFunctions.Delivery.Lanes;

namespace EmailFunctions.Delivery;

/// <summary>
/// The function <c>DispatchEmail</c>: takes one message of the internal queue. The local pump calls it, and a queue trigger will.
/// It returns when the queue's message may be removed, and throws when it is to be delivered again.
/// </summary>
public sealed partial class DispatchFunction(
    MessageDispatcher dispatcher, TenantLanes lanes, HeldMessages held, ILogger<DispatchFunction> logger)
{
    public async Task RunAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        switch (DispatchReference.Read(body.Span))
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

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "The dispatch queue had a message of {Length} bytes that is no reference; it was dropped.")]
    private static partial void NotAReference(ILogger logger, int length);
}
