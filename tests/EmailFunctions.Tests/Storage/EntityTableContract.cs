using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

/// <summary>
/// What every entity table does. An adapter joins by a subclass that opens a table; the table may be shared between tests, since
/// each test has a partition of its own.
/// </summary>
public abstract partial class EntityTableContract
{
    /// <summary>The table under test.</summary>
    protected abstract IEntityTable Table { get; }

    /// <summary>A partition that no other test uses.</summary>
    protected string Partition { get; } = $"contract-{Guid.NewGuid():N}";

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected EntityKey Key(string row) => new(Partition, row);

    protected Entity Row(string row, string value = "") => new(Partition, row) { ["value"] = value };

    protected Task<WriteResult> WriteAsync(params EntityWrite[] writes) => Table.WriteAsync(writes, Cancellation);

    /// <summary>Writes one entity, which must succeed, and returns its new ETag.</summary>
    protected async Task<string> WrittenAsync(EntityWrite write)
    {
        var result = await WriteAsync(write);
        Assert.True(result.IsDone, $"{write.Kind} {write.Entity.Key}: {result.Status}");
        return Assert.Single(result.ETags);
    }

    protected Task<string> InsertAsync(string row, string value = "") => WrittenAsync(EntityWrite.Insert(Row(row, value)));

    /// <summary>Inserts rows without order among them, each with its own name as its value.</summary>
    protected async Task InsertAllAsync(params IEnumerable<string> rows)
    {
        foreach (var batch in rows.Chunk(EntityLimits.MaxBatchEntities))
            Assert.True((await WriteAsync([.. batch.Select(row => EntityWrite.Insert(Row(row, row)))])).IsDone);
    }

    /// <summary>The value of a row; null where there is no row.</summary>
    protected async Task<string?> ValueAsync(string row) => (await Table.GetAsync(Key(row), Cancellation))?.GetString("value");

    /// <summary>All entities of a range, over as many pages as it takes.</summary>
    protected async Task<List<Entity>> ReadAllAsync(EntityQuery query)
    {
        var entities = new List<Entity>();
        do
        {
            var page = await Table.QueryAsync(query, Cancellation);
            Assert.InRange(page.Entities.Count, 0, query.PageSize);
            entities.AddRange(page.Entities);
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);

        return entities;
    }

    protected async Task<List<string>> RowsAsync(EntityQuery query) => [.. (await ReadAllAsync(query)).Select(static entity => entity.Key.Row)];

    protected Task<List<string>> AllRowsAsync() => RowsAsync(EntityQuery.Prefix(Partition, ""));
}
