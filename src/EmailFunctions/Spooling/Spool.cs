using System.Buffers;
using EmailFunctions.Storage;

namespace EmailFunctions.Spooling;

/// <summary>
/// Bytes that are needed for a short while and may be too many for memory: the first of them are kept there, and what grows larger goes
/// to a temporary file. One writer appends; what is written can be read at any place, by many at once. Nothing is left after
/// <see cref="Dispose"/>, nor after the end of the process.
/// </summary>
public sealed class Spool : IDisposable
{
    /// <summary>Bytes that are kept in memory at most. What is larger is a file from then on; it goes to the payload store in any case.</summary>
    public const int MaxMemoryBytes = 64 * 1024;

    private const int FirstBufferBytes = 4 * 1024;
    private const int CopyBytes = 64 * 1024;

    private readonly Func<FileStream> _openFile;
    private byte[] _memory = [];
    private FileStream? _file;
    private bool _isDisposed;

    /// <param name="openFile">Makes the file, when it comes to that.</param>
    internal Spool(Func<FileStream> openFile) => _openFile = openFile;

    /// <summary>How many bytes were written.</summary>
    public long Length { get; private set; }

    /// <summary>Whether they lie in a file.</summary>
    internal bool IsFile => _file is not null;

    /// <summary>Appends bytes.</summary>
    /// <exception cref="StoreUnavailableException">The file can't be written: there is no room left, or no right to it.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_file is null && Length + bytes.Length > MaxMemoryBytes)
            MoveToFile();
        if (_file is not null)
            Write(_file, bytes, Length);
        else if (!bytes.IsEmpty)
            bytes.CopyTo(Reserve((int)Length + bytes.Length).AsSpan((int)Length));
        Length += bytes.Length;
    }

    /// <summary>Appends all that a stream still holds.</summary>
    /// <exception cref="StoreUnavailableException">As of <see cref="Append"/>.</exception>
    public async Task AppendAsync(Stream source, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            while (await source.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                Append(buffer.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>A part of what was written. It can be read until the spool is disposed of.</summary>
    public SpoolSlice Slice(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        return new SpoolSlice(this, offset, length);
    }

    public void Dispose()
    {
        _isDisposed = true;
        _file?.Dispose();
        _memory = [];
    }

    /// <summary>Reads bytes at a place; 0: there are none.</summary>
    internal int Read(Span<byte> buffer, long offset)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_file is not null)
            return RandomAccess.Read(_file.SafeFileHandle, buffer, offset);
        var count = (int)Math.Min(buffer.Length, Length - offset);
        _memory.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    // Not from a pool: a reader that came too late would find somebody else's mail in it.
    private byte[] Reserve(int length)
    {
        if (_memory.Length < length)
            Array.Resize(ref _memory, Math.Max(length, Math.Max(FirstBufferBytes, Math.Min(MaxMemoryBytes, _memory.Length * 2))));
        return _memory;
    }

    private void MoveToFile()
    {
        var file = _openFile();
        try
        {
            Write(file, _memory.AsSpan(0, (int)Length), 0);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file = file;
        _memory = [];
    }

    private static void Write(FileStream file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, offset);
        }
        catch (IOException exception)
        {
            throw Spools.Unavailable(exception);
        }
    }
}
