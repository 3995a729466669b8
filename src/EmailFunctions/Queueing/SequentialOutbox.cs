using EmailFunctions.Storage;

namespace EmailFunctions.Queueing;

/// <summary>An outbox of any table and any queue.</summary>
internal sealed class SequentialOutbox(IEntityTable table, IDeliveryQueue queue) : IOutbox
{
    public async Task<OutboxResult> WriteAsync(IReadOnlyList<EntityWrite> writes, IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        var rows = await table.WriteAsync(writes, cancellationToken);
        if (!rows.IsDone || messages.Count == 0)
            return new OutboxResult(rows);
        try
        {
            // The rows are there, whether or not their caller still waits.
            await queue.EnqueueAsync(messages, CancellationToken.None);
            return new OutboxResult(rows);
        }
        catch (StoreUnavailableException exception)
        {
            return new OutboxResult(rows, exception);
        }
    }
}
