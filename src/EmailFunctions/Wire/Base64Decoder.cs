using System.Buffers;
using System.Buffers.Text;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>
/// Decodes base64 (RFC 4648 section 4) that comes in pieces, into a spool. As the serialiser does, it ignores white space and takes
/// nothing else that is not of the alphabet, no missing padding and no bits beyond the last byte.
/// </summary>
internal sealed class Base64Decoder(Spool target) : IValueDecoder
{
    private const int GroupChars = 4;
    private const int GroupBytes = 3;
    private const int BufferBytes = 16 * 1024 * GroupBytes;

    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);

    private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private readonly byte[] _group = new byte[GroupChars];
    private int _groupLength;
    private int _length;
    private long _start;
    private bool _isValid;

    public void Begin() => (_start, _length, _groupLength, _isValid) = (target.Length, 0, 0, true);

    public void Append(ReadOnlySpan<byte> utf8)
    {
        while (_isValid && !utf8.IsEmpty)
        {
            var count = utf8.IndexOfAnyExcept(Alphabet);
            Take(count < 0 ? utf8 : utf8[..count]);
            if (count < 0)
                return;
            _isValid &= utf8[count] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
            utf8 = utf8[(count + 1)..];
        }
    }

    public void AppendEscaped(char unit) => Append([char.IsAscii(unit) ? (byte)unit : byte.MaxValue]);

    public SpoolSlice? End()
    {
        Decode(_group.AsSpan(0, _groupLength), isLast: true);
        if (!_isValid)
            return null;
        Flush();
        return target.Slice(_start, target.Length - _start);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);

    // The last group waits for the end, since it alone may be padded.
    private void Take(ReadOnlySpan<byte> chars)
    {
        var missing = Math.Min(GroupChars - _groupLength, chars.Length);
        chars[..missing].CopyTo(_group.AsSpan(_groupLength));
        _groupLength += missing;
        chars = chars[missing..];
        if (chars.IsEmpty)
            return;
        Decode(_group, isLast: false);
        _groupLength = ((chars.Length - 1) % GroupChars) + 1;
        chars[^_groupLength..].CopyTo(_group);
        Decode(chars[..^_groupLength], isLast: false);
    }

    private void Decode(ReadOnlySpan<byte> chars, bool isLast)
    {
        while (_isValid && !chars.IsEmpty)
        {
            if (BufferBytes - _length < GroupBytes)
                Flush();
            var part = chars[..Math.Min(chars.Length, (BufferBytes - _length) / GroupBytes * GroupChars)];
            _isValid = Base64.DecodeFromUtf8(part, _bytes.AsSpan(_length), out var read, out var written, isLast) == OperationStatus.Done && read == part.Length;
            _length += written;
            chars = chars[part.Length..];
        }
    }

    private void Flush()
    {
        target.Append(_bytes.AsSpan(0, _length));
        _length = 0;
    }
}
