namespace EmailFunctions.Storage.Sqlite;

/// <summary>
/// The folder that holds all data of a local service, held exclusively by one process: the operating system frees the lock
/// when the process ends, however it ends.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(string path, FileStream lockFile)
    {
        FullPath = path;
        _lock = lockFile;
    }

    public string FullPath { get; }

    /// <summary>Creates the folder (readable by its owner only) where it is missing, and locks it.</summary>
    /// <exception cref="DataFolderException">It can't be made or written, or another process holds it.</exception>
    public static DataFolder Open(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(full);
            else
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DataFolderException($"EMAIL_DATA_DIR: the folder {full} can't be created: {exception.Message}");
        }

        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            return new DataFolder(full, new FileStream(Path.Combine(full, "lock"), options));
        }
        catch (UnauthorizedAccessException)
        {
            throw new DataFolderException($"EMAIL_DATA_DIR: the folder {full} can't be written by this user.");
        }
        catch (IOException)
        {
            throw new DataFolderException(
                $"EMAIL_DATA_DIR: the folder {full} is in use by another process of this service. Stop that one, or give this one a folder of its own.");
        }
    }

    public void Dispose() => _lock.Dispose();
}

/// <summary>The data folder can't be used; the message is for the person who started the service.</summary>
public sealed class DataFolderException(string message) : Exception(message);
