using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>
/// One connection with its prepared statements. Used by one thread at a time. The connection is ADO.NET's; the statements go to the
/// layer below it, since a command, a reader and parameters looked up by name cost more than the small statements they run.
/// </summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    public SqliteSession(string file)
    {
        // No pooling: sessions are kept here, and a closed file must really be closed.
        var builder = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false };
        _connection = new SqliteConnection(builder.ConnectionString);
        _connection.Open();
    }

    /// <summary>Runs a statement and returns how many rows it changed.</summary>
    /// <exception cref="SqliteException">SQLite refused it.</exception>
    public int Execute(string sql, params ReadOnlySpan<object?> values)
    {
        using var rows = Query(sql, values);
        rows.Read();
        return raw.sqlite3_changes(_connection.Handle);
    }

    /// <summary>Runs a query and returns the first value, a long or null.</summary>
    /// <exception cref="SqliteException">SQLite refused it.</exception>
    public long? Number(string sql, params ReadOnlySpan<object?> values)
    {
        using var rows = Query(sql, values);
        return rows.Read() && !rows.IsNull(0) ? rows.GetInt64(0) : null;
    }

    /// <summary>
    /// Begins a query. Its rows must be disposed before the same statement is used again; until then they hold their snapshot.
    /// </summary>
    /// <param name="sql">The statement, with parameters ?1, ?2, and so on. A constant: it is prepared once and kept.</param>
    /// <param name="values">Of the parameters: long, string, byte array or null.</param>
    /// <exception cref="SqliteException">SQLite refused it.</exception>
    public SqliteStatement Query(string sql, params ReadOnlySpan<object?> values)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = new SqliteStatement(_connection.Handle!, sql);
            _statements.Add(sql, statement);
        }

        statement.Bind(values);
        return statement;
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Close();
        _connection.Dispose();
    }
}
