using System.Runtime.CompilerServices;
using EmailFunctions.Storage;

namespace EmailFunctions.Payloads.Files;

/// <summary>
/// Payloads as files below one folder. A file is synced before the row that names it is written, and a name is used once, so a
/// file that a crash left half written is one that no row names; the sweep removes it.
/// </summary>
internal sealed class FilePayloadStore : IPayloadStore
{
    private readonly string _folder;

    public FilePayloadStore(string folder)
    {
        _folder = folder;
        // Mail that waits lies in it, though not in clear.
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public async Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken)
    {
        // Before the file is opened, which empties it.
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(name);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
            content.Position = 0;
            await content.CopyToAsync(file, cancellationToken);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch (IOException exception)
        {
            throw Unavailable("written", exception);
        }
    }

    public Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult<Stream?>(new FileStream(
                PathOf(name), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.Asynchronous));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
        catch (IOException exception)
        {
            throw Unavailable("read", exception);
        }
    }

    public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            File.Delete(PathOf(name));
        }
        catch (DirectoryNotFoundException)
        {
            // No folder, no file: what was asked for is the case.
        }
        catch (IOException exception)
        {
            throw Unavailable("removed", exception);
        }

        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<PayloadName> ListAsync(
        DateTimeOffset before, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var owner in Directory.EnumerateDirectories(_folder))
        {
            foreach (var file in Directory.EnumerateFiles(owner))
            {
                cancellationToken.ThrowIfCancellationRequested();
                // What a desktop leaves behind (.DS_Store) is no payload.
                if (PayloadName.TryCreate(Path.GetFileName(owner), Path.GetFileName(file)) is { } name
                    && File.GetLastWriteTimeUtc(file) < before.UtcDateTime)
                {
                    yield return name;
                }
            }
        }

        await Task.CompletedTask;
    }

    private static StoreUnavailableException Unavailable(string what, IOException exception) =>
        new($"A payload can't be {what}.", exception);

    private string PathOf(PayloadName name) => Path.Combine(_folder, name.Owner, name.Id);
}
