using Microsoft.Data.Sqlite;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>One connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    public SqliteSession(string file)
    {
        // No pooling: sessions are kept here, and a closed file must really be closed.
        var builder = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false };
        _connection = new SqliteConnection(builder.ConnectionString);
        _connection.Open();
    }

    /// <summary>Runs a statement and returns how many rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object> values) => Prepare(sql, values).ExecuteNonQuery();

    /// <summary>Runs a query; the reader must be disposed before the next use of the same statement.</summary>
    public SqliteDataReader Query(string sql, params ReadOnlySpan<object> values) => Prepare(sql, values).ExecuteReader();

    /// <summary>Runs a query and returns the first value, or null.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<object> values) => Prepare(sql, values).ExecuteScalar() is { } value and not DBNull ? value : null;

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        _connection.Dispose();
    }

    // Parameters are positional (?1, ?2, ...). A statement is prepared once and kept, since parsing costs more than running it.
    private SqliteCommand Prepare(string sql, ReadOnlySpan<object> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
#pragma warning disable CA2100 // All statements are constants of this assembly.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var index = 1; index <= values.Length; index++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"?{index}" });
            _commands.Add(sql, command);
        }

        for (var index = 0; index < values.Length; index++)
            command.Parameters[index].Value = values[index];
        return command;
    }
}
