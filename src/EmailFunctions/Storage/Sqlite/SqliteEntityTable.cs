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

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken) => database.WriteAsync(Prepare(writes), cancellationToken);

    /// <summary>The work of a batch, for whoever has more to do in the same transaction.</summary>
    /// <exception cref="EntityLimitException">As of <see cref="WriteAsync"/>.</exception>
    public Func<SqliteSession, WriteResult> Prepare(IReadOnlyList<EntityWrite> writes)
    {
        EntityLimits.Validate(writes);
        // Encoded here, on the caller's thread: the writer thread only runs statements.
        var rows = new RowWrite[writes.Count];
        for (var index = 0; index < rows.Length; index++)
            rows[index] = RowWrite.Of(writes[index]);
        return session => Write(session, rows);
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.PageSize, EntityLimits.MaxPageSize);
        return Task.FromResult(database.Read(session => Query(session, query)));
    }

    // An open reader holds its snapshot, so a large value that it names can't be gone by the time that it is read.
    private static Entity? Get(SqliteSession session, EntityKey key)
    {
        using var reader = session.Query(
            "SELECT version, properties, large FROM entities WHERE partition = ?1 AND row = ?2", key.Partition, key.Row);
        return reader.Read() ? ReadEntity(session, key, reader, column: 0) : null;
    }

    private static EntityPage Query(SqliteSession session, EntityQuery query)
    {
        var entities = new List<Entity>();
        using var reader = session.Query(
            "SELECT row, version, properties, large FROM entities WHERE partition = ?1 AND row >= ?2 AND row < ?3 ORDER BY row LIMIT ?4",
            query.Partition, query.Continuation ?? query.FromRow, query.ToRow, query.PageSize + 1L);
        while (reader.Read())
        {
            var row = reader.GetString(0);
            // One more row than asked for was read: its key is where the next page begins.
            if (entities.Count == query.PageSize)
                return new EntityPage(entities, row);
            entities.Add(ReadEntity(session, new EntityKey(query.Partition, row), reader, column: 1));
        }

        return new EntityPage(entities, null);
    }

    private static Entity ReadEntity(SqliteSession session, EntityKey key, SqliteStatement reader, int column)
    {
        var entity = EntityCodec.Decode(key, reader.GetInt64(column), reader.GetBytes(column + 1));
        if (reader.IsNull(column + 2))
            return entity;
        foreach (var large in LargeValue.Decode(reader.GetBytes(column + 2)))
            entity[large.Name] = ReadLarge(session, large.Id);
        return entity;
    }

    private static byte[] ReadLarge(SqliteSession session, long id)
    {
        using var reader = session.Query("SELECT value FROM large_values WHERE id = ?1", id);
        return reader.Read() ? reader.GetBytes(0) : throw new StoreUnavailableException("The local database lacks a value that a row refers to.");
    }

    private WriteResult Write(SqliteSession session, RowWrite[] rows)
    {
        // All checks come first: this transaction is shared, so a refused batch must not have changed anything.
        for (var index = 0; index < rows.Length; index++)
        {
            rows[index].Stored = ReadStored(session, rows[index].Key);
            if (Check(rows[index].Write, rows[index].Stored) is { } refusal)
                return WriteResult.Refused(refusal, index);
        }

        var etags = new string[rows.Length];
        for (var index = 0; index < rows.Length; index++)
            etags[index] = Apply(session, rows[index]);
        return WriteResult.Done(etags);
    }

    private static StoredRow? ReadStored(SqliteSession session, EntityKey key)
    {
        using var reader = session.Query(
            "SELECT version, large FROM entities WHERE partition = ?1 AND row = ?2", key.Partition, key.Row);
        if (!reader.Read())
            return null;
        return new StoredRow(reader.GetInt64(0), reader.IsNull(1) ? [] : LargeValue.Decode(reader.GetBytes(1)));
    }

    private static WriteStatus? Check(EntityWrite write, StoredRow? stored) => write.Kind switch
    {
        EntityWriteKind.Put => null,
        EntityWriteKind.Insert => stored is null ? null : WriteStatus.Conflict,
        _ when stored is null => WriteStatus.Missing,
        _ => write.ETag is null || write.ETag == EntityCodec.ETagOf(stored.Version) ? null : WriteStatus.Stale,
    };

    private string Apply(SqliteSession session, RowWrite row)
    {
        var large = StoreLarge(session, row);
        if (row.Properties is null)
        {
            session.Execute("DELETE FROM entities WHERE partition = ?1 AND row = ?2", row.Key.Partition, row.Key.Row);
            return "";
        }

        var version = database.NextVersion();
        session.Execute(
            row.Stored is null
                ? "INSERT INTO entities (partition, row, version, properties, large) VALUES (?1, ?2, ?3, ?4, ?5)"
                : "UPDATE entities SET version = ?3, properties = ?4, large = ?5 WHERE partition = ?1 AND row = ?2",
            row.Key.Partition, row.Key.Row, version, row.Properties, large);
        return EntityCodec.ETagOf(version);
    }

    // Keeps what is the same, inserts what is new, deletes what is no longer named.
    private byte[]? StoreLarge(SqliteSession session, RowWrite row)
    {
        var unused = row.Stored?.Large ?? [];
        var values = new List<LargeValue>(row.Large.Count);
        foreach (var (value, bytes) in row.Large)
        {
            var kept = unused.Find(value.IsSameValueAs);
            if (kept is not null)
                unused.Remove(kept);
            values.Add(kept ?? Insert(session, value, bytes));
        }

        foreach (var value in unused)
            session.Execute("DELETE FROM large_values WHERE id = ?1", value.Id);
        return values.Count == 0 ? null : LargeValue.Encode(values);
    }

    private LargeValue Insert(SqliteSession session, LargeValue value, byte[] bytes)
    {
        var stored = value with { Id = database.NextVersion() };
        session.Execute("INSERT INTO large_values (id, value) VALUES (?1, ?2)", stored.Id, bytes);
        return stored;
    }

    private sealed record StoredRow(long Version, List<LargeValue> Large);

    /// <summary>A write, encoded; <see cref="Properties"/> is null for a deletion.</summary>
    private sealed record RowWrite(EntityWrite Write, byte[]? Properties, IReadOnlyList<(LargeValue Value, byte[] Bytes)> Large)
    {
        public EntityKey Key => Write.Entity.Key;

        public StoredRow? Stored { get; set; }

        public static RowWrite Of(EntityWrite write)
        {
            if (write.Kind == EntityWriteKind.Delete)
                return new RowWrite(write, null, []);
            List<(LargeValue, byte[])>? large = null;
            foreach (var (name, value) in write.Entity.Properties)
            {
                if (EntityCodec.IsLarge(value))
                    (large ??= []).Add((LargeValue.New(name, (byte[])value), (byte[])value));
            }

            return new RowWrite(write, EntityCodec.Encode(write.Entity), large ?? []);
        }
    }
}
