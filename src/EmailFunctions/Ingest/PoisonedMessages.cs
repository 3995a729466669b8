using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Ingest;

/// <summary>
/// Brings back what lies on the poison queue of a storage account. That queue has none of its own: the host hands out its messages a
/// number of times, and then no more until they expire. So one that can't be taken in the end goes back to the queue that it came from.
/// </summary>
/// <param name="ingest">Takes it.</param>
/// <param name="queue">The queue that it came from; it has no expiry there.</param>
/// <param name="time">The service's time.</param>
internal sealed class PoisonedMessages(IngestFunction ingest, IDeliveryQueue queue, TimeProvider time)
{
    // Half of what host.json says (maxDequeueCount).
    private const int LastDelivery = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    /// <summary>Takes a message, or puts it back for a new row of deliveries.</summary>
    /// <exception cref="StoreUnavailableException">Neither; it is to be delivered again.</exception>
    public async Task RecoverAsync(Delivered delivered, int deliveryCount, CancellationToken cancellationToken)
    {
        try
        {
            await ingest.RecoverAsync(delivered, cancellationToken);
        }
        catch (Exception exception) when (deliveryCount >= LastDelivery && exception is not OperationCanceledException)
        {
            await queue.EnqueueAsync([new QueueMessage(delivered.Body, time.GetUtcNow() + Pause)], cancellationToken);
        }
    }
}
