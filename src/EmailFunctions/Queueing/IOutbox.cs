using EmailFunctions.Storage;

namespace EmailFunctions.Queueing;

/// <summary>
/// Writes rows, and puts messages on the queue that tell of them: a transactional outbox, where store and queue are one. Elsewhere the rows come
/// first, and what is to be on the queue and is not is found by a sweep.
/// </summary>
public interface IOutbox
{
    /// <summary>Writes the rows as <see cref="IEntityTable.WriteAsync"/> does, and puts the messages on the queue unless they are refused.</summary>
    /// <param name="writes">As of a table.</param>
    /// <param name="messages">As of <see cref="IDeliveryQueue.EnqueueAsync"/>, but there may be none.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="StoreUnavailableException">It is not known whether the rows are written.</exception>
    /// <exception cref="EntityLimitException">As of a table.</exception>
    Task<OutboxResult> WriteAsync(IReadOnlyList<EntityWrite> writes, IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken);
}

/// <summary>What became of the rows and of the messages.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Failure">Why the messages of rows that are written are not known to be on the queue; null: they are.</param>
public sealed record OutboxResult(WriteResult Rows, StoreUnavailableException? Failure = null);
