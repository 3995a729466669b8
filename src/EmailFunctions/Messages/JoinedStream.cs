using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>Reads several contents one after the other, of which one at a time is open.</summary>
internal sealed class JoinedStream(IReadOnlyList<FileContent> parts) : SeekableStream
{
    private Stream? _open;
    private int _openPart = -1;
    private long _position;

    public override long Length { get; } = parts.Sum(static part => part.Length);

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer) => Seek() ? Advance(_open!.Read(buffer)) : 0;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Seek() ? Advance(await _open!.ReadAsync(buffer, cancellationToken)) : 0;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _open?.Dispose();
        base.Dispose(disposing);
    }

    // Opens the part at the position; false at the end.
    private bool Seek()
    {
        var start = 0L;
        for (var index = 0; index < parts.Count; start += parts[index].Length, index++)
        {
            if (_position >= start + parts[index].Length)
                continue;
            if (_openPart != index)
            {
                _open?.Dispose();
                (_open, _openPart) = (parts[index].OpenRead(), index);
            }

            _open!.Position = _position - start;
            return true;
        }

        return false;
    }

    private int Advance(int read)
    {
        _position += read;
        return read;
    }
}
