using System.Buffers;
using EmailFunctions.Spooling;

namespace EmailFunctions.Messages.Sealing;

/// <summary>
/// Reads what was encrypted, a segment at a time, each of which is authenticated before a byte of it is handed out. That nothing is missing
/// is known once the end is reached. Throws <see cref="InvalidDataException"/> where it is not what was encrypted.
/// </summary>
internal sealed class OpeningStream(Stream stored, byte[] key, byte[] identity) : ForwardStream
{
    private readonly long _storedLength = stored.Length;
    private readonly byte[] _stored = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(stored.Length, 1, ObjectCipher.SegmentBytes));
    private readonly byte[] _plain = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(stored.Length, 1, ObjectCipher.SegmentBytes));
    private ObjectCipher? _cipher;
    private long _nextSegment;
    private int _start;
    private int _end;
    private bool _isDisposed;

    public override long Length { get; } = ObjectCipher.PlainLength(stored.Length);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        // Also where there is nothing: a content without a byte has an end, too.
        if (_start == _end && _nextSegment * ObjectCipher.SegmentBytes < _storedLength)
            await LoadAsync(cancellationToken);
        var count = Math.Min(buffer.Length, _end - _start);
        _plain.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        Advance(count);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_plain, clearArray: true);
            ArrayPool<byte>.Shared.Return(_stored);
            _cipher?.Dispose();
            stored.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        var end = (_nextSegment + 1) * ObjectCipher.SegmentBytes;
        var count = (int)(Math.Min(end, _storedLength) - (_nextSegment * ObjectCipher.SegmentBytes));
        if (await stored.ReadAtLeastAsync(_stored.AsMemory(0, count), count, throwOnEndOfStream: false, cancellationToken) < count)
            throw new InvalidDataException("The stored content is cut short.");
        var start = _cipher is null ? ObjectCipher.HeaderBytes : 0;
        _cipher ??= new ObjectCipher(key, _stored.AsSpan(0, ObjectCipher.HeaderBytes), identity);
        (_start, _end) = (0, _cipher.Decrypt(_nextSegment, end >= _storedLength, _stored.AsSpan(start, count - start), _plain));
        _nextSegment++;
    }
}
