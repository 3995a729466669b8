namespace EmailFunctions.Spooling;

/// <summary>Reads a part of a spool. It keeps nothing itself: what it reads comes from memory or from the pages of a file just written.</summary>
internal sealed class SpoolStream(Spool spool, long offset, long length) : SeekableStream
{
    private long _position;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Clamp(length - _position, 0, buffer.Length);
        if (count == 0)
            return 0;
        var read = spool.Read(buffer[..count], offset + _position);
        _position += read;
        return read;
    }
}
