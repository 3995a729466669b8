using Microsoft.Data.Sqlite;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>The entity table in the local SQLite file.</summary>
internal sealed class SqliteEntityTable(SqliteDatabase database) : IEntityTable
{
    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EntityLimits.ValidateKey(key);
        return Task.FromResult(database.Read(session => Get(session, key)));
    }

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        EntityLimits.Validate(writes);
        // Encoded here, on the caller's thread: the writer thread only runs statements.
        var blobs = new byte[]?[writes.Count];
        for (var index = 0; index < blobs.Length; index++)
            blobs[index] = writes[index].Kind == EntityWriteKind.Delete ? null : EntityCodec.Encode(writes[index].Entity);
        return database.WriteAsync(session => Write(session, writes, blobs), cancellationToken);
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.PageSize, EntityLimits.MaxPageSize);
        return Task.FromResult(database.Read(session => Query(session, query)));
    }

    private static Entity? Get(SqliteSession session, EntityKey key)
    {
        using var reader = session.Query(
            "SELECT version, properties FROM entities WHERE partition = ?1 AND row = ?2", key.Partition, key.Row);
        return reader.Read() ? EntityCodec.Decode(key, reader.GetInt64(0), Blob(reader, 1)) : null;
    }

    private static EntityPage Query(SqliteSession session, EntityQuery query)
    {
        var entities = new List<Entity>();
        using var reader = session.Query(
            "SELECT row, version, properties FROM entities WHERE partition = ?1 AND row >= ?2 AND row < ?3 ORDER BY row LIMIT ?4",
            query.Partition, query.Continuation ?? query.FromRow, query.ToRow, query.PageSize + 1L);
        while (reader.Read())
        {
            var row = reader.GetString(0);
            // One more row than asked for was read: its key is where the next page begins.
            if (entities.Count == query.PageSize)
                return new EntityPage(entities, row);
            entities.Add(EntityCodec.Decode(new EntityKey(query.Partition, row), reader.GetInt64(1), Blob(reader, 2)));
        }

        return new EntityPage(entities, null);
    }

    private static byte[] Blob(SqliteDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    private WriteResult Write(SqliteSession session, IReadOnlyList<EntityWrite> writes, byte[]?[] blobs)
    {
        // All checks come first: this transaction is shared, so a refused batch must not have changed anything.
        for (var index = 0; index < writes.Count; index++)
        {
            if (Check(session, writes[index]) is { } refusal)
                return WriteResult.Refused(refusal, index);
        }

        var etags = new string[writes.Count];
        for (var index = 0; index < writes.Count; index++)
            etags[index] = Apply(session, writes[index], blobs[index]);
        return WriteResult.Done(etags);
    }

    private static WriteStatus? Check(SqliteSession session, EntityWrite write)
    {
        if (write.Kind == EntityWriteKind.Put)
            return null;

        var key = write.Entity.Key;
        var version = session.Scalar("SELECT version FROM entities WHERE partition = ?1 AND row = ?2", key.Partition, key.Row);
        if (write.Kind == EntityWriteKind.Insert)
            return version is null ? null : WriteStatus.Conflict;
        if (version is null)
            return WriteStatus.Missing;
        return write.ETag is null || write.ETag == EntityCodec.ETagOf((long)version) ? null : WriteStatus.Stale;
    }

    private string Apply(SqliteSession session, EntityWrite write, byte[]? blob)
    {
        var key = write.Entity.Key;
        if (blob is null)
        {
            session.Execute("DELETE FROM entities WHERE partition = ?1 AND row = ?2", key.Partition, key.Row);
            return "";
        }

        var version = database.NextVersion();
        session.Execute(
            "INSERT OR REPLACE INTO entities (partition, row, version, properties) VALUES (?1, ?2, ?3, ?4)",
            key.Partition, key.Row, version, blob);
        return EntityCodec.ETagOf(version);
    }
}
