using System.Buffers;
using System.Text;
using System.Text.Unicode;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>Decodes texts as UTF-8. As the serialiser does, it takes no bytes that are not UTF-8 and no surrogate without its other half.</summary>
internal sealed class TextDecoder(Spool target) : IValueDecoder
{
    private const int BufferBytes = 16 * 1024;
    private const int MaxSequenceBytes = 4;

    private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _length;
    private long _start;
    private bool _isValid;

    // A character whose bytes have not all come.
    private readonly byte[] _sequence = new byte[MaxSequenceBytes];
    private int _sequenceLength;

    // The first half of a character of two units; 0: none.
    private char _high;

    /// <summary>Whether U+0000 is in the text.</summary>
    public bool ContainsNull { get; private set; }

    public void Begin()
    {
        (_start, _length, _sequenceLength, _high) = (target.Length, 0, 0, '\0');
        (_isValid, ContainsNull) = (true, false);
    }

    public void Append(ReadOnlySpan<byte> utf8)
    {
        if (_sequenceLength > 0)
            utf8 = CompleteSequence(utf8);
        if (utf8.IsEmpty)
            return;
        _isValid &= _high == '\0';
        var open = CountOpen(utf8);
        Keep(utf8[..^open]);
        utf8[^open..].CopyTo(_sequence);
        _sequenceLength = open;
    }

    public void AppendEscaped(char unit)
    {
        _isValid &= _sequenceLength == 0 && char.IsLowSurrogate(unit) == (_high != '\0');
        if (!_isValid)
            return;
        if (char.IsHighSurrogate(unit))
        {
            _high = unit;
            return;
        }

        ContainsNull |= unit == '\0';
        var rune = _high == '\0' ? new Rune(unit) : new Rune(_high, unit);
        _high = '\0';
        Span<byte> utf8 = stackalloc byte[MaxSequenceBytes];
        Keep(utf8[..rune.EncodeToUtf8(utf8)]);
    }

    public SpoolSlice? End()
    {
        _isValid &= _sequenceLength == 0 && _high == '\0';
        if (!_isValid)
            return null;
        Flush();
        return target.Slice(_start, target.Length - _start);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);

    private ReadOnlySpan<byte> CompleteSequence(ReadOnlySpan<byte> utf8)
    {
        var whole = LengthOf(_sequence[0]);
        var missing = Math.Min(whole - _sequenceLength, utf8.Length);
        utf8[..missing].CopyTo(_sequence.AsSpan(_sequenceLength));
        _sequenceLength += missing;
        if (_sequenceLength == whole)
        {
            Keep(_sequence.AsSpan(0, whole));
            _sequenceLength = 0;
        }

        return utf8[missing..];
    }

    // How many bytes at the end are the beginning of a character.
    private static int CountOpen(ReadOnlySpan<byte> utf8)
    {
        for (var count = 1; count < MaxSequenceBytes && count <= utf8.Length; count++)
        {
            var unit = utf8[^count];
            if (unit < 0x80)
                return 0;
            if (unit >= 0xC0)
                return LengthOf(unit) > count ? count : 0;
        }

        return 0;
    }

    private static int LengthOf(byte first) => first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;

    private void Keep(ReadOnlySpan<byte> utf8)
    {
        _isValid = _isValid && Utf8.IsValid(utf8);
        while (_isValid && !utf8.IsEmpty)
        {
            if (_length == BufferBytes)
                Flush();
            var count = Math.Min(utf8.Length, BufferBytes - _length);
            utf8[..count].CopyTo(_bytes.AsSpan(_length));
            _length += count;
            utf8 = utf8[count..];
        }
    }

    private void Flush()
    {
        target.Append(_bytes.AsSpan(0, _length));
        _length = 0;
    }
}
