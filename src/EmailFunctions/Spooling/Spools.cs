using EmailFunctions.Storage;

namespace EmailFunctions.Spooling;

/// <summary>Makes spools, whose files lie in one folder without a name that outlives a crash.</summary>
public sealed class Spools
{
    private readonly Lazy<string> _folder;

    private Spools(Func<string> folder) => _folder = new Lazy<string>(folder, LazyThreadSafetyMode.PublicationOnly);

    /// <summary>Files lie in a folder that only this process uses; it is made, and emptied, for the first of them.</summary>
    /// <param name="folder">Asked when it is needed.</param>
    public static Spools In(Func<string> folder) => new(() => Prepare(folder()));

    /// <summary>Files lie in the system's folder for temporary files, which others use, too.</summary>
    public static Spools InTemporaryFolder() => new(Path.GetTempPath);

    /// <summary>An empty spool, which costs nothing until something is written.</summary>
    public Spool Create() => new(OpenFile);

    /// <summary>Opens a new file that is gone when it is closed, however the process ends.</summary>
    /// <exception cref="StoreUnavailableException">It can't be made.</exception>
    private FileStream OpenFile()
    {
        try
        {
            var path = Path.Combine(_folder.Value, "spool-" + Guid.NewGuid().ToString("N"));
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Delete,
                BufferSize = 0,
            };
            // Mail lies in it in clear.
            if (OperatingSystem.IsWindows())
                options.Options = FileOptions.DeleteOnClose;
            else
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var file = new FileStream(path, options);
            // Elsewhere a file lives on without its name until it is closed.
            if (!OperatingSystem.IsWindows())
                File.Delete(path);
            return file;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(exception);
        }
    }

    internal static StoreUnavailableException Unavailable(Exception exception) => new("A temporary file can't be written.", exception);

    // A process that was killed between a file's making and the loss of its name has left it here, empty.
    private static string Prepare(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }
}
