using System.Buffers;
using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>Reads a stream in other bytes. It can be sought by reading on, or from the first byte again.</summary>
internal sealed class TranslatedStream(Stream source, Translation translation, FileContent whole) : SeekableStream
{
    private const int BufferBytes = 16 * 1024;

    // What came and is not translated, and what is translated and not read.
    private readonly byte[] _source = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private readonly byte[] _target = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _sourceStart;
    private int _sourceEnd;
    private int _targetStart;
    private int _targetEnd;
    private bool _hasEnded;
    private bool _isDisposed;
    private long _position;

    public override long Length => whole.Length;

    public override long Position
    {
        get => _position;
        set => MoveTo(value);
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (buffer.IsEmpty || !Fill())
            return 0;
        var count = Math.Min(buffer.Length, _targetEnd - _targetStart);
        _target.AsSpan(_targetStart, count).CopyTo(buffer);
        Take(count);
        return count;
    }

    /// <summary>Reads all that is left; returns the position then.</summary>
    public long SkipToEnd()
    {
        while (Fill())
            Take(_targetEnd - _targetStart);
        return _position;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_source, clearArray: true);
            ArrayPool<byte>.Shared.Return(_target, clearArray: true);
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private void MoveTo(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (position < _position)
        {
            source.Position = 0;
            (_sourceStart, _sourceEnd, _targetStart, _targetEnd, _hasEnded, _position) = (0, 0, 0, 0, false, 0);
        }

        while (_position < position && Fill())
            Take((int)Math.Min(_targetEnd - _targetStart, position - _position));
        // Behind the end there is nothing to read, as in other streams.
        _position = position;
    }

    private void Take(int count)
    {
        _targetStart += count;
        _position += count;
    }

    // Whether there is something to read.
    private bool Fill()
    {
        while (_targetStart == _targetEnd)
        {
            if (_hasEnded && _sourceStart == _sourceEnd)
                return false;
            translation(_source.AsSpan(_sourceStart, _sourceEnd - _sourceStart), _target.AsSpan(0, BufferBytes), out var consumed, out var written, _hasEnded);
            _sourceStart += consumed;
            (_targetStart, _targetEnd) = (0, written);
            if (written == 0)
                ReadOn();
        }

        return true;
    }

    private void ReadOn()
    {
        if (_hasEnded && _sourceStart < _sourceEnd)
            throw new InvalidDataException("The content can't be translated.");
        _source.AsSpan(_sourceStart, _sourceEnd - _sourceStart).CopyTo(_source);
        (_sourceStart, _sourceEnd) = (0, _sourceEnd - _sourceStart);
        var read = source.Read(_source.AsSpan(_sourceEnd, BufferBytes - _sourceEnd));
        _sourceEnd += read;
        _hasEnded |= read == 0;
    }
}
