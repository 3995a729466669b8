using System.Buffers;
using EmailFunctions.Spooling;

namespace EmailFunctions.Messages.Sealing;

/// <summary>Reads a stream encrypted, a segment at a time. It can be sought, since a store may have to send it again.</summary>
internal sealed class SealingStream(Stream source, long plainLength, ObjectCipher cipher, byte[] header) : SeekableStream
{
    private readonly byte[] _plain = ArrayPool<byte>.Shared.Rent((int)Math.Min(ObjectCipher.SegmentBytes, Math.Max(1, plainLength)));
    private readonly byte[] _sealed = ArrayPool<byte>.Shared.Rent((int)Math.Min(ObjectCipher.SegmentBytes, ObjectCipher.SealedLength(plainLength)));
    private long _segment = -1;
    private int _count;
    private long _position;
    private bool _isDisposed;

    public override long Length { get; } = ObjectCipher.SealedLength(plainLength);

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
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (buffer.IsEmpty || _position >= Length)
            return 0;
        var segment = _position / ObjectCipher.SegmentBytes;
        if (segment != _segment)
            Load(segment);
        var start = (int)(_position % ObjectCipher.SegmentBytes);
        var count = Math.Min(buffer.Length, _count - start);
        _sealed.AsSpan(start, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_plain, clearArray: true);
            ArrayPool<byte>.Shared.Return(_sealed);
            cipher.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Load(long segment)
    {
        _segment = -1;
        var plain = _plain.AsSpan(0, ObjectCipher.PlainBytesOf(segment, plainLength));
        source.Position = ObjectCipher.StartOf(segment);
        source.ReadExactly(plain);
        _count = 0;
        if (segment == 0)
        {
            header.CopyTo(_sealed, 0);
            _count = header.Length;
        }

        var isLast = (segment + 1) * ObjectCipher.SegmentBytes >= Length;
        _count += cipher.Encrypt(segment, isLast, plain, _sealed.AsSpan(_count));
        _segment = segment;
    }
}
