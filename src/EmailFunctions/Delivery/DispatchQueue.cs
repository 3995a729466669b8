using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Delivery;

/// <summary>Puts references to messages on the internal queue. A reference says "look at this row"; the row says what to do.</summary>
public sealed class DispatchQueue(IDeliveryQueue queue)
{
    /// <exception cref="StoreUnavailableException">It is not known to be on the queue.</exception>
    public Task EnqueueAsync(MessageId id, DateTimeOffset? visibleAt, CancellationToken cancellationToken) =>
        queue.EnqueueAsync([new QueueMessage(Encoding.UTF8.GetBytes(id.ToString()), visibleAt)], cancellationToken);

    /// <summary>Reads a reference; null when it is none.</summary>
    public static MessageId? Read(ReadOnlySpan<byte> body) =>
        body.Length < 200 && MessageId.TryParse(Encoding.UTF8.GetString(body), out var id) ? id : null;
}
