using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>A prepared statement and, while it runs, its rows. Disposing it ends the run; it can be run again.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public SqliteStatement(sqlite3 database, string sql)
    {
        _database = database;
        Check(raw.sqlite3_prepare_v2(database, sql, out _statement));
    }

    public void Bind(ReadOnlySpan<object?> values)
    {
        for (var index = 0; index < values.Length; index++)
        {
            Check(values[index] switch
            {
                null => raw.sqlite3_bind_null(_statement, index + 1),
                long number => raw.sqlite3_bind_int64(_statement, index + 1, number),
                string text => raw.sqlite3_bind_text(_statement, index + 1, text),
                byte[] bytes => raw.sqlite3_bind_blob(_statement, index + 1, bytes),
                var value => throw new ArgumentException($"No parameter can be a {value.GetType()}.", nameof(values)),
            });
        }
    }

    /// <summary>Goes on to the next row; false when there is none.</summary>
    /// <exception cref="SqliteException">SQLite refused the statement.</exception>
    public bool Read()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is raw.SQLITE_ROW or raw.SQLITE_DONE)
            return result == raw.SQLITE_ROW;
        Check(result);
        return false;
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long GetInt64(int column) => raw.sqlite3_column_int64(_statement, column);

    public string GetString(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public byte[] GetBytes(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    /// <summary>Ends the run. What went wrong was said when it did; a reset would say it again.</summary>
    public void Dispose() => _ = raw.sqlite3_reset(_statement);

    public void Close() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(result, _database);
    }
}
