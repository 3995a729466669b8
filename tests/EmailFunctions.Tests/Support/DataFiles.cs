using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace EmailFunctions.Tests.Support;

/// <summary>Looks into a data folder past the service, which may run meanwhile.</summary>
public sealed class DataFiles(string folder)
{
    /// <summary>The files of messages' contents in the payload store.</summary>
    public string[] Payloads => Directory.GetFiles(Path.Combine(folder, "payloads"), "*", SearchOption.AllDirectories);

    /// <summary>References on the dispatch queue, hidden ones included.</summary>
    public long CountQueued() => Count("SELECT COUNT(*) FROM queue_messages");

    /// <summary>Messages that something is still to happen to.</summary>
    public long CountOpen() => Count("SELECT COUNT(*) FROM entities WHERE row LIKE 'due-%'");

    /// <summary>How many messages there are of each status, in all tenants.</summary>
    public Dictionary<MessageStatus, int> CountByStatus()
    {
        var counts = new Dictionary<MessageStatus, int>();
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT partition, row, version, properties FROM entities WHERE row LIKE 'msg-%'";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var key = new EntityKey(reader.GetString(0), reader.GetString(1));
            var entity = EntityCodec.Decode(key, reader.GetInt64(2), reader.GetFieldValue<byte[]>(3));
            var status = MessageStatuses.Parse(entity.GetString("status")!);
            counts[status] = counts.GetValueOrDefault(status) + 1;
        }

        return counts;
    }

    /// <summary>The rows that hold a text in their key or in what they hold, by partition; those of a partition may be left out.</summary>
    public List<EntityKey> FindNaming(string text, string exceptPartition)
    {
        var found = new List<EntityKey>();
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT partition, row, properties FROM entities";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var key = new EntityKey(reader.GetString(0), reader.GetString(1));
            var properties = System.Text.Encoding.Latin1.GetString(reader.GetFieldValue<byte[]>(2));
            if (key.Partition != exceptPartition && $"{key.Partition}\n{key.Row}\n{properties}".Contains(text, StringComparison.Ordinal))
                found.Add(key);
        }

        return found;
    }

    /// <summary>How many wrapped keys there are under each key-encryption key, those aside that it is tried with.</summary>
    public Dictionary<string, int> CountWrappedKeys()
    {
        var counts = new Dictionary<string, int>();
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT partition, row, version, properties FROM entities WHERE row NOT LIKE 'msg-%' AND partition <> 'encryption-keys'";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var entity = EntityCodec.Decode(new EntityKey(reader.GetString(0), reader.GetString(1)), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3));
            if (WrappedKeyRow.Read(entity) is { } key)
                counts[key.KeyId] = counts.GetValueOrDefault(key.KeyId) + 1;
        }

        return counts;
    }

    private long Count(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // All statements are constants of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }

    // Not as the last user of the file, or else read-only: closing it must not tidy up what a killed service left.
    private SqliteConnection Open()
    {
        var builder = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(folder, "email.db"),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        };
        var connection = new SqliteConnection(builder.ConnectionString);
        connection.Open();
        return connection;
    }
}
