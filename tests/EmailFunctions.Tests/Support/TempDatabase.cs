using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Tests.Support;

/// <summary>A local database in a data folder of its own; both are gone with the test.</summary>
internal sealed class TempDatabase : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TimeProvider _time;
    private DataFolder _data;

    public TempDatabase(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _data = DataFolder.Open(_folder.FullPath);
        Database = new SqliteDatabase(_data, _time);
    }

    public SqliteDatabase Database { get; private set; }

    /// <summary>Closes the database and opens it again, as a restart of the service does.</summary>
    public void Reopen()
    {
        Close();
        _data = DataFolder.Open(_folder.FullPath);
        Database = new SqliteDatabase(_data, _time);
    }

    public void Dispose()
    {
        Close();
        _folder.Dispose();
    }

    private void Close()
    {
        Database.Dispose();
        _data.Dispose();
    }
}
