namespace EmailFunctions.Messages;

/// <summary>Reads several contents one after the other, of which one at a time is open.</summary>
internal sealed class JoinedStream(IReadOnlyList<FileContent> parts) : Stream
{
    private Stream? _open;
    private int _openPart = -1;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

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

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Seek() ? Advance(await _open!.ReadAsync(buffer, cancellationToken)) : 0;

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

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
