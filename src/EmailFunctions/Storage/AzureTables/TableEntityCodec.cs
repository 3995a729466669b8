using Azure;
using Azure.Data.Tables;

namespace EmailFunctions.Storage.AzureTables;

/// <summary>Entities and writes as the SDK has them.</summary>
internal static class TableEntityCodec
{
    private const string Timestamp = "Timestamp";
    private const string ETagName = "odata.etag";

    public static TableTransactionAction Encode(EntityWrite write) => new(TypeOf(write.Kind), EntityOf(write), ETagOf(write));

    public static Entity Decode(TableEntity stored)
    {
        var entity = new Entity(stored.PartitionKey, stored.RowKey) { ETag = stored.ETag.ToString() };
        foreach (var (name, value) in stored)
        {
            if (name is not (nameof(TableEntity.PartitionKey) or nameof(TableEntity.RowKey) or Timestamp or ETagName))
                entity[name] = value;
        }

        return entity;
    }

    private static TableEntity EntityOf(EntityWrite write)
    {
        var encoded = new TableEntity(write.Entity.Key.Partition, write.Entity.Key.Row);
        if (write.Kind == EntityWriteKind.Delete)
            return encoded;
        foreach (var (name, value) in write.Entity.Properties)
            encoded[name] = value;
        return encoded;
    }

    private static TableTransactionActionType TypeOf(EntityWriteKind kind) => kind switch
    {
        EntityWriteKind.Insert => TableTransactionActionType.Add,
        EntityWriteKind.Replace => TableTransactionActionType.UpdateReplace,
        EntityWriteKind.Put => TableTransactionActionType.UpsertReplace,
        _ => TableTransactionActionType.Delete,
    };

    private static ETag ETagOf(EntityWrite write) => write switch
    {
        { ETag: { } etag } => new ETag(etag),
        { Kind: EntityWriteKind.Replace or EntityWriteKind.Delete } => ETag.All,
        _ => default,
    };
}
