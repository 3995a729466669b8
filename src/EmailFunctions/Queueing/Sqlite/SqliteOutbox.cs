using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Queueing.Sqlite;

/// <summary>Rows and messages in one transaction of the local SQLite file.</summary>
internal sealed class SqliteOutbox(SqliteEntityTable table, SqliteQueue queue) : IOutbox
{
    public async Task<OutboxResult> WriteAsync(IReadOnlyList<EntityWrite> writes, IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken) =>
        new(messages.Count == 0 ? await table.WriteAsync(writes, cancellationToken) : await queue.EnqueueAfterAsync(table.Prepare(writes), messages, cancellationToken));
}
